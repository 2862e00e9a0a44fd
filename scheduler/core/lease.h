/*
 * Leases: when a waiting operation times out and when a granted one expires.
 *
 * Knows deadlines as numbers; whoever asks brings the time. A deadline that moves to later just
 * moves in its operation: the heap is put right when the older one comes up.
 */
#ifndef CORE_LEASE_H
#define CORE_LEASE_H

#include "core/state.h"

/* Finds the deadline of a live operation from its state and durations. */
void lease_set(struct core *core, struct core_op *op);
void lease_drop(struct core *core, struct core_op *op);

/* The same where durations begin to count: it was granted, or recovered; it was claimed. */
void lease_begin(struct core *core, struct core_op *op);
void lease_claim(struct core *core, struct core_op *op);

/* Whether the lease counts, and max_hold: with a payload they do not before the claim. */
bool lease_is_running(const struct op *op);

/* Ends what is due at `until_ms`, by deadline, then ticket. */
void lease_end_due(struct core *core, int64_t until_ms);

#endif
