/*
 * Sorting by a number: stable, O(n log n) at worst, O(n) when all is in order already.
 */
#ifndef CORE_SORT_H
#define CORE_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_item {
    uint64_t by;
    void *of;
};

void sort_items(struct sort_item *items, size_t n);

/* Items that are gathered to be sorted. All zero: empty. */
struct sort_list {
    struct sort_item *items;
    size_t n, cap;
};

void sort_list_finish(struct sort_list *list);
void sort_list_add(struct sort_list *list, uint64_t by, void *of);

#endif
