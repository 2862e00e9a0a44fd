/*
 * Ahead: who stands before an operation.
 */
#ifndef CORE_AHEAD_H
#define CORE_AHEAD_H

#include "core/state.h"

/*
 * Walks the named keys in byte order; on each, all conflicting holders by token, then all
 * conflicting waiting claims by ticket, up to `ticket`. The claims have their CLAIM_BLOCKED marks;
 * they need not be in line. Stops after CORE_BLOCKERS_WALK claims.
 */
void ahead_walk(struct core *core, struct claim *claims, uint32_t n_named, uint64_t ticket,
                struct ahead *out);

#endif
