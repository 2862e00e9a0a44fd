#include "core/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

/* One bucket is added for each item beyond one a bucket; one goes when there are four times as many
 * buckets as items, so that a number of items that swings does not move anything. */
#define BUCKETS_AN_ITEM_MAX 4

void table_init(struct table *table, const struct pool *pool)
{
    *table = (struct table){.pool = pool, .n_buckets = TABLE_SEGMENT, .mask = TABLE_SEGMENT - 1};
    table->cap_segments = 4;
    table->segments = memory_alloc(table->cap_segments * sizeof *table->segments);
    table->segments[0] = memory_alloc_zeroed(TABLE_SEGMENT, sizeof(uint32_t));
    table->n_segments = 1;
}

void table_finish(struct table *table)
{
    for (uint32_t i = 0; i < table->n_segments; i++)
        free(table->segments[i]);
    free(table->segments);
    *table = (struct table){0};
}

static void add_segment(struct table *table)
{
    if (table->n_segments == table->cap_segments) {
        table->cap_segments *= 2;
        table->segments =
            memory_resize(table->segments, table->cap_segments * sizeof *table->segments);
    }
    table->segments[table->n_segments++] = memory_alloc_zeroed(TABLE_SEGMENT, sizeof(uint32_t));
}

/* Adds the last bucket and gives it its share of the one that stood for it. */
static void split(struct table *table)
{
    uint32_t added = table->n_buckets, *from, *to;

    if (added > table->mask)
        table->mask = table->mask * 2 + 1;
    if (added >> TABLE_SEGMENT_BITS == table->n_segments)
        add_segment(table);
    from = table_bucket(table, added); /* still the one that is split: added >= n_buckets */
    table->n_buckets++;
    to = table_bucket(table, added);
    while (*from != 0) {
        struct table_link *link = table_link(table, *from);
        if ((link->hash & table->mask) == added) {
            *to = *from;
            to = &link->next;
            *from = link->next;
        } else {
            from = &link->next;
        }
    }
    *to = 0;
}

/* Takes the last bucket away and appends its items to the one that stands for it from now on. */
static void merge(struct table *table)
{
    uint32_t last = table->n_buckets - 1, items = *table_bucket(table, last), *to;

    *table_bucket(table, last) = 0;
    table->n_buckets--;
    if (table->n_buckets == table->mask / 2 + 1)
        table->mask /= 2;
    to = table_bucket(table, last);
    while (*to != 0)
        to = &table_link(table, *to)->next;
    *to = items;
    if (last % TABLE_SEGMENT == 0)
        free(table->segments[--table->n_segments]);
}

void table_add(struct table *table, uint32_t item, uint32_t hash)
{
    uint32_t *bucket;

    if (table->n >= table->n_buckets)
        split(table);
    bucket = table_bucket(table, hash);
    *table_link(table, item) = (struct table_link){hash, *bucket};
    *bucket = item;
    table->n++;
}

void table_remove(struct table *table, uint32_t item)
{
    struct table_link *link = table_link(table, item);
    uint32_t *at = table_bucket(table, link->hash);

    while (*at != item) {
        assert(*at != 0);
        at = &table_link(table, *at)->next;
    }
    *at = link->next;
    table->n--;
    if (table->n_buckets > TABLE_SEGMENT && table->n < table->n_buckets / BUCKETS_AN_ITEM_MAX)
        merge(table);
}
