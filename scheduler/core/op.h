/*
 * Operations: their memory, and finding one by its id.
 */
#ifndef CORE_OP_H
#define CORE_OP_H

#include "base/timers.h"
#include "core/claim.h"
#include "core/core.h"
#include "core/slab.h"
#include "core/table.h"

/* What the core adds to the part of an operation that the driver sees. */
struct core_op {
    uint32_t number; /* in struct ops */
    uint32_t hash;   /* of its id, in its namespace */
    uint32_t n_claims, n_named;
    uint32_t n_blocked;       /* claims with CLAIM_BLOCKED; it is granted when none is left */
    uint64_t walk;            /* the latest one of core_ahead that met it */
    uint32_t owner, claimer;  /* numbers in struct owners; 0: none, or the operation ended */
    struct claim *claims;     /* with what comes with them, one piece of memory */
    uint32_t *exclusive_from; /* for each named key: place of the first exclusive one from there
                                 on; NULL: all are exclusive or all are shared */
    size_t load_bytes;        /* of that piece */
    char *text;               /* id, who, why: one piece of memory */
    uint32_t text_bytes;
    int64_t granted_now_ms; /* when it was granted, on the clock of now_ms */
    int64_t lease_from_ms;  /* from when the lease counts, on the same clock */
    int64_t hold_from_ms;   /* from when max_hold counts */
    struct timer timer;     /* armed for the deadline or, after a renewal, for an older one */
    struct list tied;       /* in the list of the session that it dies with */
    struct list children;   /* live ones, by ticket */
    struct list sibling;    /* among the children of its parent */
    size_t changed_bytes;   /* of op.changed */
    struct op op;
};

struct ops {
    struct pool pool;
    struct table by_id;
    struct slab *slab;
};

void ops_init(struct ops *ops, struct slab *slab);
void ops_finish(struct ops *ops);

static inline struct core_op *op_at(const struct ops *ops, uint32_t number)
{
    return POOL_AT(&ops->pool, number, struct core_op);
}

/* Brings an operation into the cache that is likely to be granted next: it has not been touched for
 * long, and its lines would be missed one by one. */
static inline void op_fetch(const struct core_op *op)
{
    for (size_t line = 0; line < sizeof *op; line += 64)
        __builtin_prefetch((const char *)op + line, 1);
}

static inline struct core_op *op_of(const struct op *op)
{
    return (struct core_op *)(void *)((char *)(uintptr_t)op - offsetof(struct core_op, op));
}

/* `hash`: of the id in its namespace, as namespace_hash has it; also below. */
struct core_op *ops_find(const struct ops *ops, const struct core_namespace *ns, struct slice id,
                         uint32_t hash);

/* A new operation, all zero but for id, who and why, which are copied; `id` is not taken. */
struct core_op *ops_add(struct ops *ops, struct core_namespace *ns, struct slice id, uint32_t hash,
                        struct slice who, struct slice why);
/* Its id is free again; the memory stays. */
void ops_remove(struct ops *ops, struct core_op *op);
/* All its memory. */
void ops_free(struct ops *ops, struct core_op *op);

/* Replaces a text of an operation by a copy; at == NULL: none. */
void op_set_text(struct ops *ops, struct slice *text, struct slice to);
/* Copies what it is to be told of its keys; it was told nothing before. */
void op_set_changes(struct ops *ops, struct core_op *op, const struct core_change *changes,
                    uint32_t n);
/* Gives back the claims (which stand in no line), meta and payload. */
void op_drop_load(struct ops *ops, struct core_op *op);

#endif
