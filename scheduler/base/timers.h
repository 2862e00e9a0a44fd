/*
 * Timers: what comes due when, as a binary heap of members of other structs.
 *
 * Knows time only as a number. Equal times come out in the order in which they were armed, so that
 * a run can be repeated.
 */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#define TIMERS_NEVER INT64_MAX

/* All zero: not armed. */
struct timer {
    int64_t at;
    uint64_t order; /* of arming: breaks ties */
    uint32_t place; /* in the heap, from 1; 0: not armed */
};

/* All zero: empty. The timers belong to their owners, the heap's memory to it. */
struct timers {
    struct timer **heap; /* from 1 */
    uint32_t n, cap;
    uint64_t armed;
};

void timers_finish(struct timers *timers);

/* Arms a timer, or moves an armed one. O(log n). */
void timers_arm(struct timers *timers, struct timer *timer, int64_t at);
/* Disarms; one that is not armed stays so. O(log n). */
void timers_disarm(struct timers *timers, struct timer *timer);

/* When the first is due; TIMERS_NEVER: none is armed. */
int64_t timers_next(const struct timers *timers);
/* Takes out the first that is due at `now` or before, or NULL. */
struct timer *timers_pop(struct timers *timers, int64_t now);

#endif
