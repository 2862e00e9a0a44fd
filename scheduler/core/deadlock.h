/*
 * Deadlock: whether a child that is about to wait would wait for itself.
 *
 * Who waits: a waiting child for each of its blockers, a granted operation for each of its live
 * children, since it cannot be released before them. Ordinary operations wait for those before them
 * and nobody who is granted waits for them, so they are never part of a circle, and nothing but the
 * submit of a child that is blocked can close one. All of a child's blockers must go, so every
 * circle is a deadlock. Cost: those that it waits for, directly or not, each once.
 */
#ifndef CORE_DEADLOCK_H
#define CORE_DEADLOCK_H

#include "core/state.h"

/* Searches from the draft of a child of `parent`, which is blocked, for an operation above it: that
 * one waits for the child. Fills in the shortest circle, from its first blocker to its parent. */
bool deadlock_find(struct core *core, const struct core_op *parent, struct ahead *circle);

#endif
