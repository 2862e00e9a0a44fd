/*
 * What the core keeps, for its modules only.
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "base/timers.h"
#include "core/draft.h"
#include "core/history.h"
#include "core/namespace.h"
#include "core/op.h"
#include "core/owner.h"
#include "core/revision.h"
#include "core/roll.h"
#include "core/sort.h"

struct effects {
    struct effect *list;
    uint32_t n, cap;
};

struct core {
    struct core_limits limits;
    struct siphash_key hash_key;
    struct slab slab; /* of paths, texts, claims */
    struct keys keys;
    struct ops ops;
    struct namespaces namespaces;
    struct owners owners;
    struct roll roll;
    struct history history;
    struct revisions revisions;
    struct timers deadlines;
    struct draft draft;
    struct sort_list ready;     /* waiting operations whose last blocked claim came free */
    struct sort_list due;       /* of a tick */
    struct sort_list family;    /* of one that ends: those below it */
    struct sort_list forgotten; /* their memory goes at the next step */
    struct effects effects;
    char *content; /* bytes of a submit, put together to be hashed */
    size_t content_cap;

    uint64_t seq, ticket;
    uint64_t epoch, n_tokens; /* given out of this epoch */
    int64_t now_ms;           /* of the latest step */
    uint64_t wall_ms;
    uint64_t latest_walk; /* the newest core_op.walk */
    bool tells_contended;

    uint64_t n_waiting, n_granted, n_claims, live_bytes;
    uint64_t n_submitted, n_grants, n_ended[END_REFUSED + 1];
};

static inline struct core_op *core_find_in(const struct core *core, const struct core_namespace *ns,
                                           struct slice id)
{
    return ops_find(&core->ops, ns, id, namespace_hash(ns, id));
}

/* Tells the driver. */
void effect_add(struct core *core, enum effect_type type, struct core_op *op);
/* The operation changed: it has the next seq, and the driver is told. */
void effect_add_change(struct core *core, enum effect_type type, struct core_op *op);

#endif
