#include "core/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define LINE 64 /* bytes of a cache line */

/* Items a bucket, on average: above the one a bucket is added, below the other one goes. They are
 * far apart, so that a number of items that swings does not move anything. With four a bucket one
 * in twenty overflows. */
#define ITEMS_MOST  4
#define ITEMS_LEAST 1

_Static_assert(sizeof(struct table_bucket) == LINE, "a bucket is a cache line");

static void add_segment(struct table *table)
{
    size_t bytes = TABLE_SEGMENT * sizeof(struct table_bucket);
    struct table_segment *segment;
    char *memory;

    if (table->n_segments == table->cap_segments) {
        table->cap_segments = table->cap_segments == 0 ? 4 : table->cap_segments * 2;
        table->segments =
            memory_resize(table->segments, table->cap_segments * sizeof *table->segments);
    }
    segment = &table->segments[table->n_segments++];
    segment->memory = memory = memory_alloc_zeroed(1, bytes + LINE);
    memory += LINE - (uintptr_t)memory % LINE;
    segment->buckets = (struct table_bucket *)(void *)memory;
}

void table_init(struct table *table)
{
    *table = (struct table){.n_buckets = TABLE_SEGMENT, .mask = TABLE_SEGMENT - 1};
    pool_init(&table->overflows, sizeof(struct table_bucket));
    add_segment(table);
}

void table_finish(struct table *table)
{
    for (uint32_t i = 0; i < table->n_segments; i++)
        free(table->segments[i].memory);
    free(table->segments);
    pool_finish(&table->overflows);
    *table = (struct table){0};
}

static struct table_bucket *overflow(const struct table *table, const struct table_bucket *bucket)
{
    return POOL_AT(&table->overflows, bucket->overflow, struct table_bucket);
}

/* The next bucket of the chain, made when it is not there yet. */
static struct table_bucket *more(struct table *table, struct table_bucket *bucket)
{
    if (bucket->overflow == 0) {
        bucket->overflow = pool_take(&table->overflows);
        memset(overflow(table, bucket), 0, sizeof *bucket);
    }
    return overflow(table, bucket);
}

static inline void append(struct table *table, struct table_bucket *bucket, uint32_t item,
                          uint32_t hash)
{
    while (bucket->n == TABLE_SLOTS)
        bucket = more(table, bucket);
    bucket->hashes[bucket->n] = hash;
    bucket->items[bucket->n++] = item;
}

/* Empties a chain and appends its items to wherever they belong now. */
static void spread(struct table *table, struct table_bucket *first)
{
    struct table_bucket bucket = *first;

    memset(first, 0, sizeof *first);
    for (;;) {
        uint32_t next = bucket.overflow;
        for (uint32_t i = 0; i < bucket.n; i++)
            append(table, table_bucket(table, bucket.hashes[i]), bucket.items[i], bucket.hashes[i]);
        if (next == 0)
            return;
        bucket = *POOL_AT(&table->overflows, next, struct table_bucket);
        pool_give(&table->overflows, next);
    }
}

/* Adds the last bucket, and gives it its share of the one that stood for it. */
static void split(struct table *table)
{
    uint32_t added = table->n_buckets;
    struct table_bucket *from;

    if (added > table->mask)
        table->mask = table->mask * 2 + 1;
    if (added >> TABLE_SEGMENT_BITS == table->n_segments)
        add_segment(table);
    from = table_bucket(table, added); /* `added` is not there yet */
    table->n_buckets++;
    spread(table, from);
}

/* Takes the last bucket away; its items go to the one that stands for it from now on. */
static void merge(struct table *table)
{
    uint32_t last = table->n_buckets - 1;
    struct table_bucket *from = table_bucket(table, last);

    table->n_buckets--;
    if (table->n_buckets == table->mask / 2 + 1)
        table->mask /= 2;
    spread(table, from);
    if (last % TABLE_SEGMENT == 0)
        free(table->segments[--table->n_segments].memory);
}

void table_add(struct table *table, uint32_t item, uint32_t hash)
{
    if (table->n >= table->n_buckets * ITEMS_MOST)
        split(table);
    append(table, table_bucket(table, hash), item, hash);
    table->n++;
}

/* The last item of a chain takes the free slot; an overflow that is empty then goes. */
static void close_gap(struct table *table, struct table_bucket *last, struct table_bucket *bucket,
                      uint32_t slot)
{
    struct table_bucket *before = NULL;

    while (last->overflow != 0) {
        before = last;
        last = overflow(table, last);
    }
    last->n--;
    bucket->hashes[slot] = last->hashes[last->n];
    bucket->items[slot] = last->items[last->n];
    if (last->n > 0 || before == NULL)
        return;
    pool_give(&table->overflows, before->overflow);
    before->overflow = 0;
}

void table_remove(struct table *table, uint32_t item, uint32_t hash)
{
    struct table_bucket *first = table_bucket(table, hash), *bucket = first;
    uint32_t match;

    while ((match = table_matches(bucket->items, bucket->n, item)) == 0) {
        assert(bucket->overflow != 0);
        bucket = overflow(table, bucket);
    }
    close_gap(table, first, bucket, (uint32_t)__builtin_ctz(match));
    table->n--;
    if (table->n_buckets > TABLE_SEGMENT && table->n < table->n_buckets * ITEMS_LEAST)
        merge(table);
}

uint32_t table_walk(const struct table *table, struct table_walk *walk)
{
    while (walk->bucket == NULL || walk->slot == walk->bucket->n) {
        if (walk->bucket != NULL && walk->bucket->overflow != 0)
            walk->bucket = overflow(table, walk->bucket);
        else if (walk->next_bucket < table->n_buckets)
            walk->bucket = table_bucket(table, walk->next_bucket++);
        else
            return 0;
        walk->slot = 0;
    }
    return walk->bucket->items[walk->slot++];
}
