/*
 * A hash table of item numbers, which grows and shrinks by one bucket at a time.
 *
 * Linear hashing: with 2^k + s buckets, the first s of the 2^k are split already. A table that
 * grows never moves more than the items of one bucket in a step, so there is no pause at any size.
 * A bucket is a cache line of hashes and item numbers, with an overflow chain: who asks for
 * something that is not there touches one line and no item. The table compares hashes, its user
 * the items, and remembers their hashes.
 *
 * W. Litwin: "Linear hashing: a new tool for file and table addressing", 1980.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include "core/pool.h"

#define TABLE_SLOTS        7
#define TABLE_SEGMENT_BITS 8
#define TABLE_SEGMENT      (1U << TABLE_SEGMENT_BITS)

struct table_bucket {
    uint32_t hashes[TABLE_SLOTS];
    uint32_t overflow; /* number in the pool; 0: none */
    uint32_t items[TABLE_SLOTS];
    uint32_t n; /* slots in use, the first ones; all of them if there is an overflow */
};

struct table_segment {
    struct table_bucket *buckets; /* TABLE_SEGMENT of them, each in a line of its own */
    void *memory;
};

struct table {
    struct table_segment *segments;
    uint32_t n_segments, cap_segments;
    uint32_t n_buckets;
    uint32_t mask; /* of the smallest power of two that is not below n_buckets */
    uint32_t n;    /* items */
    struct pool overflows;
};

void table_init(struct table *table);
void table_finish(struct table *table);

void table_add(struct table *table, uint32_t item, uint32_t hash);
void table_remove(struct table *table, uint32_t item, uint32_t hash);

static inline struct table_bucket *table_bucket(const struct table *table, uint32_t hash)
{
    uint32_t i = hash & table->mask;
    if (i >= table->n_buckets)
        i &= table->mask >> 1;
    return &table->segments[i >> TABLE_SEGMENT_BITS].buckets[i & (TABLE_SEGMENT - 1)];
}

/* Which of the first n words equal this one, as bits. All are compared, four at once and without a
 * branch: how many there are and where it stands cannot be predicted. `words` is one half of a
 * bucket; its eighth word is none of them. */
static inline uint32_t table_matches(const uint32_t *words, uint32_t n, uint32_t word)
{
    typedef uint32_t four __attribute__((vector_size(16)));
    const four wanted = {word, word, word, word};
    four low, high, bits;

    memcpy(&low, words, sizeof low);
    memcpy(&high, words + 4, sizeof high);
    bits = ((four)(low == wanted) & (four){1, 2, 4, 8}) |
           ((four)(high == wanted) & (four){16, 32, 64, 0});
    return (bits[0] | bits[1] | bits[2] | bits[3]) & ((1U << n) - 1);
}

/* Where a search stands. */
struct table_search {
    const struct table_bucket *bucket;
    uint32_t matches; /* slots of the bucket that were not looked at yet */
    uint32_t hash;
};

static inline struct table_search table_search(const struct table *table, uint32_t hash)
{
    const struct table_bucket *bucket = table_bucket(table, hash);
    return (struct table_search){bucket, table_matches(bucket->hashes, bucket->n, hash), hash};
}

/* The next item with the hash that is searched for; 0: no more. */
static inline uint32_t table_next(const struct table *table, struct table_search *search)
{
    uint32_t slot;

    while (search->matches == 0) {
        const struct table_bucket *bucket = search->bucket;
        if (bucket->overflow == 0)
            return 0;
        search->bucket = bucket = POOL_AT(&table->overflows, bucket->overflow, struct table_bucket);
        search->matches = table_matches(bucket->hashes, bucket->n, search->hash);
    }
    slot = (uint32_t)__builtin_ctz(search->matches);
    search->matches &= search->matches - 1;
    return search->bucket->items[slot];
}

/* Over all items, in an order without meaning, while nothing is added or removed. */
struct table_walk {
    uint32_t next_bucket;
    const struct table_bucket *bucket;
    uint32_t slot;
};

/* The next item; 0: that was all. Begins with a walk that is all zero. */
uint32_t table_walk(const struct table *table, struct table_walk *walk);

#endif
