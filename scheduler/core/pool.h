/*
 * A pool: items of one size, found by a 32-bit number, at addresses that never move.
 *
 * Numbers count from 1, so that 0 can mean none. A freed item is the next to be given out, while it
 * is still in the cache. Memory goes back at finish only: it stays for the next peak.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define POOL_CHUNK_BITS  10
#define POOL_CHUNK_ITEMS (1U << POOL_CHUNK_BITS)

struct pool {
    char **chunks; /* of POOL_CHUNK_ITEMS items each */
    uint32_t n_chunks, cap_chunks;
    uint32_t item_size;
    uint32_t fresh; /* numbers from here on were never given out */
    uint32_t freed; /* head of the freed ones, linked through their first bytes; 0: none */
    uint32_t used;  /* items given out */
};

void pool_init(struct pool *pool, uint32_t item_size);
void pool_finish(struct pool *pool);

static inline void *pool_at(const struct pool *pool, uint32_t number)
{
    return pool->chunks[number >> POOL_CHUNK_BITS] +
           (size_t)(number & (POOL_CHUNK_ITEMS - 1)) * pool->item_size;
}

/* The same where the type is known: cheaper by a multiplication. */
#define POOL_AT(pool, number, type)                                                                \
    (&((type *)(void *)(pool)                                                                      \
           ->chunks[(number) >> POOL_CHUNK_BITS])[(number) & (POOL_CHUNK_ITEMS - 1)])

/* A number that was never given out. */
uint32_t pool_take_fresh(struct pool *pool);

/* The number of an item whose bytes are undefined. */
static inline uint32_t pool_take(struct pool *pool)
{
    uint32_t number = pool->freed;

    pool->used++;
    if (number == 0)
        return pool_take_fresh(pool);
    memcpy(&pool->freed, pool_at(pool, number), sizeof pool->freed);
    return number;
}

static inline void pool_give(struct pool *pool, uint32_t number)
{
    memcpy(pool_at(pool, number), &pool->freed, sizeof pool->freed);
    pool->freed = number;
    pool->used--;
}

#endif
