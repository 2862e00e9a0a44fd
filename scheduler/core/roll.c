#include "core/roll.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#define ENTRIES_MIN 64

void roll_finish(struct roll *roll)
{
    free(roll->entries);
    *roll = (struct roll){0};
}

void roll_add(struct roll *roll, uint64_t ticket, uint32_t op)
{
    assert(roll->n == 0 || roll->entries[roll->n - 1].ticket < ticket);
    if (roll->n == roll->cap) {
        roll->cap = roll->cap == 0 ? ENTRIES_MIN : roll->cap * 2;
        roll->entries = memory_resize(roll->entries, roll->cap * sizeof *roll->entries);
    }
    roll->entries[roll->n++] = (struct roll_entry){ticket, op, 0};
}

/* The place of the first entry with a ticket above `after`. */
static size_t place_after(const struct roll *roll, uint64_t after)
{
    size_t low = roll->first, high = roll->n;

    /* Old ones are asked for first and forgotten first. */
    if (low < high && roll->entries[low].ticket > after)
        return low;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (roll->entries[middle].ticket > after)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The gaps before `first` cost nothing to search, only memory. */
static void close_gaps(struct roll *roll)
{
    size_t kept = 0;

    for (size_t i = roll->first; i < roll->n; i++)
        if (roll->entries[i].op != 0)
            roll->entries[kept++] = roll->entries[i];
    roll->n = kept;
    roll->first = roll->n_gaps = 0;
}

void roll_remove(struct roll *roll, uint64_t ticket)
{
    size_t i = place_after(roll, ticket - 1);

    assert(i < roll->n && roll->entries[i].ticket == ticket && roll->entries[i].op != 0);
    roll->entries[i] = (struct roll_entry){ticket, 0, 1};
    roll->n_gaps++;
    while (roll->first < roll->n && roll->entries[roll->first].op == 0)
        roll->first++;
    if (roll->n_gaps >= ENTRIES_MIN && roll->n_gaps > roll->n / 2)
        close_gaps(roll);
}

uint32_t roll_next(struct roll *roll, uint64_t after)
{
    size_t from = place_after(roll, after), to = from;

    while (to < roll->n && roll->entries[to].op == 0)
        to += roll->entries[to].skip;
    if (to > from)
        roll->entries[from].skip = (uint32_t)(to - from);
    return to < roll->n ? roll->entries[to].op : 0;
}
