/*
 * A hash table over the items of a pool, which grows and shrinks by one bucket at a time.
 *
 * Linear hashing: with 2^k + s buckets, the first s of the 2^k are split already. A table that
 * grows never moves more than the items of one bucket in a step, so there is no pause at any size.
 * Every item begins with a table_link. The table compares hashes, its user the items.
 *
 * W. Litwin: "Linear hashing: a new tool for file and table addressing", 1980.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include "core/pool.h"

#define TABLE_SEGMENT_BITS 12
#define TABLE_SEGMENT      (1U << TABLE_SEGMENT_BITS)

struct table_link {
    uint32_t hash;
    uint32_t next; /* item of the same bucket; 0: none */
};

struct table {
    const struct pool *pool;
    uint32_t **segments; /* of TABLE_SEGMENT buckets each; a bucket is its first item */
    uint32_t n_segments, cap_segments;
    uint32_t n_buckets;
    uint32_t mask; /* of the smallest power of two that is not below n_buckets */
    uint32_t n;    /* items */
};

void table_init(struct table *table, const struct pool *pool);
void table_finish(struct table *table);

void table_add(struct table *table, uint32_t item, uint32_t hash);
void table_remove(struct table *table, uint32_t item);

static inline struct table_link *table_link(const struct table *table, uint32_t item)
{
    return pool_at(table->pool, item);
}

static inline uint32_t *table_bucket(const struct table *table, uint32_t hash)
{
    uint32_t i = hash & table->mask;
    if (i >= table->n_buckets)
        i &= table->mask >> 1;
    return &table->segments[i >> TABLE_SEGMENT_BITS][i & (TABLE_SEGMENT - 1)];
}

/* The first item with this hash from `item` on; 0: none. */
static inline uint32_t table_same(const struct table *table, uint32_t item, uint32_t hash)
{
    while (item != 0 && table_link(table, item)->hash != hash)
        item = table_link(table, item)->next;
    return item;
}

static inline uint32_t table_first(const struct table *table, uint32_t hash)
{
    return table_same(table, *table_bucket(table, hash), hash);
}

/* The next item with the hash of this one; 0: none. */
static inline uint32_t table_next(const struct table *table, uint32_t item)
{
    struct table_link *link = table_link(table, item);
    return table_same(table, link->next, link->hash);
}

#endif
