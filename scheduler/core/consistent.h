/*
 * Consistency: whether the invariants of the README hold. For tests.
 *
 * Finds everything out anew, from the claims in their rings and the names of the keys, and shares
 * no code with what it judges beyond reading it.
 */
#ifndef CORE_CONSISTENT_H
#define CORE_CONSISTENT_H

#include "core/state.h"

/* The lines of one key: rings, counts, order, and rule 1 for every waiting claim. */
bool consistent_key(const struct core *core, struct key *key);
/* The claims of one live operation, against what it named. */
bool consistent_claims(const struct core *core, const struct core_op *op);

#endif
