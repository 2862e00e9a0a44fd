#include "core/sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define RUN 16 /* sorted by insertion: below it merging does not pay */

static void insert_each(struct sort_item *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct sort_item item = items[i];
        size_t to = i;
        for (; to > 0 && items[to - 1].by > item.by; to--)
            items[to] = items[to - 1];
        items[to] = item;
    }
}

static bool is_sorted(const struct sort_item *items, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (items[i - 1].by > items[i].by)
            return false;
    return true;
}

/* Merges from[0..middle) and from[middle..n) into `to`; equal ones of the first half go first. */
static void merge(const struct sort_item *from, size_t middle, size_t n, struct sort_item *to)
{
    size_t a = 0, b = middle;

    for (size_t i = 0; i < n; i++)
        to[i] = a < middle && (b == n || from[a].by <= from[b].by) ? from[a++] : from[b++];
}

static void merge_runs(struct sort_item *items, struct sort_item *spare, size_t n)
{
    struct sort_item *from = items, *to = spare;

    for (size_t run = RUN; run < n; run *= 2) {
        struct sort_item *merged = to;
        for (size_t i = 0; i < n; i += 2 * run) {
            size_t rest = n - i;
            merge(from + i, run < rest ? run : rest, 2 * run < rest ? 2 * run : rest, to + i);
        }
        to = from;
        from = merged;
    }
    if (from != items)
        memcpy(items, from, n * sizeof *items);
}

void sort_items(struct sort_item *items, size_t n)
{
    struct sort_item *spare;

    if (is_sorted(items, n))
        return;
    for (size_t i = 0; i < n; i += RUN)
        insert_each(items + i, n - i < RUN ? n - i : RUN);
    if (n <= RUN)
        return;
    spare = memory_alloc(n * sizeof *spare);
    merge_runs(items, spare, n);
    free(spare);
}

void sort_list_finish(struct sort_list *list)
{
    free(list->items);
    *list = (struct sort_list){0};
}

void sort_list_add(struct sort_list *list, uint64_t by, void *of)
{
    if (list->n == list->cap) {
        list->cap = list->cap == 0 ? 64 : list->cap * 2;
        list->items = memory_resize(list->items, list->cap * sizeof *list->items);
    }
    list->items[list->n++] = (struct sort_item){by, of};
}
