/*
 * The roll: all operations that are known, live and remembered, in ticket order.
 *
 * Tickets rise, so one is always added at the end. One that is removed leaves a gap; the gaps go
 * when they are more than half. Cost: O(log n) to find, amortised O(1) for the rest.
 */
#ifndef CORE_ROLL_H
#define CORE_ROLL_H

#include <stddef.h>
#include <stdint.h>

struct roll_entry {
    uint64_t ticket;
    uint32_t op;   /* number in struct ops; 0: a gap */
    uint32_t skip; /* of a gap: so many entries from here on are gaps too, at least */
};

/* All zero: empty. */
struct roll {
    struct roll_entry *entries;
    size_t first; /* the first that is no gap */
    size_t n, cap, n_gaps;
};

void roll_finish(struct roll *roll);

/* `ticket` is above all others. */
void roll_add(struct roll *roll, uint64_t ticket, uint32_t op);
void roll_remove(struct roll *roll, uint64_t ticket);
/* The operation with the lowest ticket above `after`; 0: none. Notes how far it had to look. */
uint32_t roll_next(struct roll *roll, uint64_t after);

#endif
