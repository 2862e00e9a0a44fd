/*
 * A draft: the claims of an operation that is not there yet.
 *
 * Their keys exist from then on, perhaps without any claim in line. A draft is either kept by an
 * operation or dropped, which takes such keys away again.
 */
#ifndef CORE_DRAFT_H
#define CORE_DRAFT_H

#include "core/claim.h"
#include "core/core.h"

struct core_op;

/* All zero: empty. */
struct draft {
    struct claim *claims;
    uint32_t cap;
    uint32_t n_named, n_claims;
    uint32_t n_exclusive; /* named MODE_X */
    uint32_t n_blocked;   /* as queue_mark_blocked found */
};

void draft_finish(struct draft *draft);

/* Draws up the claims for keys as core_normalise left them. */
void draft_claims(struct core *core, struct core_namespace *ns, const struct core_key *keys,
                  uint32_t n);
void draft_drop(struct core *core);
/* Gives the drafted claims, not yet in line, to an operation, which has none. Meta and payload
 * are copied into the same memory. */
void draft_keep(struct core *core, struct core_op *op, struct slice meta, struct slice payload);

#endif
