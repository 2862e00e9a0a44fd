/*
 * Turns: the one way into a grant, and the one way into an end.
 *
 * An end never grants by itself: it notes who became ready, and turn_settle grants them at the end
 * of the step, in ticket order. So nobody is granted in between who ends in the same step.
 */
#ifndef CORE_TURN_H
#define CORE_TURN_H

#include "core/state.h"

/* The operation is known from now on; if it is live, it counts against the limits. */
void turn_add(struct core *core, struct core_op *op);

void turn_note_ready(struct core *core, struct core_op *op);

/* A new operation, with its claims marked, enters the line; it is granted if none is blocked. One
 * that `passes` comes to hold before those that wait. */
void turn_submit(struct core *core, struct core_op *op, bool passes);
/* Those below it in its family end before it, in the same way, the youngest first. */
void turn_end(struct core *core, struct core_op *op, enum op_end how);
/* The same of a release that changed nothing: the revisions of its keys stay. */
void turn_end_unchanged(struct core *core, struct core_op *op, enum op_end how);

/* Ends those of the ready who are stale, grants the others. */
void turn_settle(struct core *core);

#endif
