/*
 * Ahead: who stands before an operation.
 */
#ifndef CORE_AHEAD_H
#define CORE_AHEAD_H

#include "core/blocked.h"

/*
 * Walks the named keys of the draft in byte order; on each, all conflicting holders by token, then
 * waiting children, then ordinary waiting claims by ticket: those of the latter two that the
 * newcomer heeds. The claims have their CLAIM_BLOCKED marks; those with CLAIM_HAD are left out.
 * Stops after CORE_BLOCKERS_WALK claims.
 */
void ahead_of_draft(struct core *core, struct newcomer newcomer, struct ahead *out);

#endif
