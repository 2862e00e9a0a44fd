/*
 * Passing: one that will not wait comes to hold before those that do, sixteen times at most before
 * each of them.
 *
 * How often is a part of an operation, and stored with it. Where so many are passed at once that it
 * takes several commits, a crash between them may leave one time counted that was not: seldom, and
 * on the side of those who wait.
 *
 * Cost: the ordinary claims that wait on its keys and conflict, each at most sixteen times in its
 * life.
 */
#ifndef CORE_PASSING_H
#define CORE_PASSING_H

#include "core/state.h"

/* Whether the drafted operation may pass all whom it would. */
bool passing_may(struct core *core);
/* It does. */
void passing_note(struct core *core);

#endif
