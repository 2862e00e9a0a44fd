/*
 * Exchange: one that holds comes to hold another set of keys, in one step and without waiting.
 *
 * More (extend) and less (release with keys) are the same: the claims of the new set are drawn up
 * as those of a submit are, and take the place of the old ones. So the modes on the keys above are
 * right by construction. Cost: all claims of the operation.
 */
#ifndef CORE_EXCHANGE_H
#define CORE_EXCHANGE_H

#include "core/state.h"

/* Marks the named keys among `keys`, as core_sort_keys left them, with CLAIM_GIVEN; returns how
 * many. If it is all of them or none, no mark stays. */
uint32_t exchange_mark_given(struct core *core, struct core_op *op, const struct core_key *keys,
                             uint32_t n);
/* Those that are marked go. `notes`: as changed. */
void exchange_give_back(struct core *core, struct core_op *op, bool notes);

#endif
