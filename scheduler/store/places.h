/*
 * Places: where in SQLite's table the row of each ticket is.
 *
 * A row that comes takes the place of one that goes with the same commit: it is written over it,
 * instead of removing the one from the beginning of the table and adding the other at its end. Once
 * history is full it loses a row for each that it gets, and a commit of 64 requests then writes 5
 * pages instead of 10, and 64 rows instead of 96.
 *
 * Places are above 0, and a new one is higher than all that were there. A commit that fails ends
 * the store, so nothing is ever taken back.
 */
#ifndef STORE_PLACES_H
#define STORE_PLACES_H

#include <stdbool.h>

#include "store/map.h"

/* All zero: of an empty table. */
struct places {
    struct map by_ticket;
    int64_t highest; /* ever seen */
    int64_t *left;   /* by rows that go with this commit, in the order in which they went */
    uint32_t n_left, cap_left;
    uint32_t n_reused; /* of those: they have a row again, or were told of */
};

void places_finish(struct places *places);

/* At recovery: that row is there. */
void places_add(struct places *places, int64_t ticket, int64_t place);

/* Where the row of a ticket is, or is to be put. */
int64_t places_take(struct places *places, int64_t ticket);
/* The row of a ticket, if there is one, goes with this commit. */
void places_leave(struct places *places, int64_t ticket);
/* One more place that was left and not taken: its row must be removed. False: there is none, and
 * the commit has all that it needs. */
bool places_next_left(struct places *places, int64_t *place);

#endif
