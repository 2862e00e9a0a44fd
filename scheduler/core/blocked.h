/*
 * What stands before a claim: rule 1, asked of the few words that a key keeps.
 *
 * A claim of an operation is blocked by holders that are neither it nor above it in its family, by
 * waiting children, and, if it is an ordinary one, by waiting ordinary claims with lower tickets.
 * A waiting child is blocked by earlier ones only.
 */
#ifndef CORE_BLOCKED_H
#define CORE_BLOCKED_H

#include "core/ring.h"
#include "core/state.h"

/* On whose behalf claims are looked at that stand nowhere yet. */
struct newcomer {
    const struct core_op *family; /* it, or its parent: whom it passes by; NULL: nobody */
    bool heeds_waiting;           /* ordinary waiting claims block it too */
};

/* Marks those of the claims that are blocked as things stand; returns how many. */
uint32_t blocked_mark(const struct core *core, struct claim *claims, uint32_t n,
                      struct newcomer newcomer);

/* Whether a claim in that mode would be blocked. */
bool blocked_in(const struct core *core, uint32_t key, enum mode mode, struct newcomer newcomer);

/* Whether a waiting claim of an ordinary operation is blocked. */
bool blocked_is(const struct core *core, struct key *key, const struct claim *claim);
/* The same of a child's, before which children wait in `earlier` modes, as bits. */
bool blocked_child_is(const struct core *core, struct key *key, const struct claim *claim,
                      uint32_t earlier);

#endif
