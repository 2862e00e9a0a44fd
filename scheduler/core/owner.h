/*
 * Owners: the sessions that submitted or claimed a live operation, as the core sees them: a number
 * and what it owns.
 */
#ifndef CORE_OWNER_H
#define CORE_OWNER_H

#include "base/list.h"
#include "core/op.h"

struct owner {
    uint32_t hash; /* of the session */
    uint64_t session;
    uint32_t n_submitted; /* live operations that it submitted */
    uint32_t n_claimed;   /* live operations of others that it claimed */
    struct list tied;     /* live operations that die with it, as they came to be so */
};

struct owners {
    struct pool pool;
    struct table table;
};

void owners_init(struct owners *owners);
void owners_finish(struct owners *owners);

/* NULL: it owns nothing. */
struct owner *owner_find(const struct owners *owners, uint64_t session);

/* The operation lives, by op.session, op.claimed_by, op.detached and op.tied. */
void owner_on_live(struct owners *owners, struct core_op *op);
/* It was claimed, by op.claimed_by. */
void owner_on_claimed(struct owners *owners, struct core_op *op);
/* It was claimed with a tie; after owner_on_claimed. */
void owner_on_tied(struct owners *owners, struct core_op *op);
void owner_on_ended(struct owners *owners, struct core_op *op);

#endif
