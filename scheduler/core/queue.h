/*
 * Queues: where the claims on one key stand, and which of them are blocked.
 *
 * A waiting claim is blocked iff a conflicting mode has a holder outside its family, a conflicting
 * child waits before it, or, for an ordinary one, a conflicting waiting claim has an earlier
 * ticket. In the line of one mode the blocked ones are a tail, since what blocks a claim blocks
 * those behind it; `front` is the first of them. So when a claim leaves, only the fronts of
 * conflicting lines can move, each past the claims that came free: a claim is passed once in its
 * life, whatever stands behind it. Waiting children are few: each of them is looked at.
 *
 * A claim that comes to hold without having waited for its turn (of a child, an extension, one that
 * passes) takes conflicting fronts back to their beginning.
 *
 * An operation whose last blocked claim came free is noted as ready (turn.h).
 */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include "core/state.h"

/* All claims of an operation at once. Into the lines: as waiting, with the marks that the draft
 * gave them, or as holders, which needs that none is blocked. */
void queue_wait(struct core *core, struct core_op *op);
void queue_hold(struct core *core, struct core_op *op);
/* Those of others that are free and conflict with the claims of this one, which is a waiting child
 * or holds, are blocked by it from now on. Cost: the claims that it blocks. */
void queue_block_others(struct core *core, const struct core_op *op);
/* One that holds is the last of the holders from now on. */
void queue_hold_last(struct core *core, struct core_op *op);
/* From waiting to holding. */
void queue_grant(struct core *core, struct core_op *op);
/* Out of all lines; keys that nobody claims any more go. */
void queue_leave(struct core *core, struct core_op *op);

/* One that holds `claims` until now holds op->claims, which stand nowhere yet, instead. Cost: all
 * its claims, and for a line that it enters those who hold there since it was granted. */
void queue_exchange(struct core *core, struct core_op *op, struct claim *claims, uint32_t n);

#endif
