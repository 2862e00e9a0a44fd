#include "core/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

void pool_init(struct pool *pool, uint32_t item_size)
{
    assert(item_size >= sizeof pool->freed);
    *pool = (struct pool){.item_size = item_size, .fresh = 1};
}

void pool_finish(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->n_chunks; i++)
        free(pool->chunks[i]);
    free(pool->chunks);
    pool_init(pool, pool->item_size);
}

static void add_chunk(struct pool *pool)
{
    if (pool->n_chunks == pool->cap_chunks) {
        pool->cap_chunks = pool->cap_chunks == 0 ? 16 : pool->cap_chunks * 2;
        pool->chunks = memory_resize(pool->chunks, pool->cap_chunks * sizeof *pool->chunks);
    }
    pool->chunks[pool->n_chunks++] = memory_alloc((size_t)POOL_CHUNK_ITEMS * pool->item_size);
}

uint32_t pool_take_fresh(struct pool *pool)
{
    uint32_t number = pool->fresh++;

    assert(number != UINT32_MAX);
    if (number >> POOL_CHUNK_BITS >= pool->n_chunks)
        add_chunk(pool);
    return number;
}
