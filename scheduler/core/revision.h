/*
 * Revisions: the seq at which keys last changed, and who changed them.
 *
 * A key changes when somebody gives back what held it exclusively. A key counts as changed with one
 * above or below it, so a change is noted on the key and, as one below, on every key above it; a
 * question looks at the key and those above. Remembered are the latest `max` keys, those above
 * counted in; the seq of what was forgotten last is the floor: of a key that is not remembered
 * nobody knows what happened before it.
 */
#ifndef CORE_REVISION_H
#define CORE_REVISION_H

#include "base/list.h"
#include "core/claim.h"
#include "core/core.h"
#include "core/slab.h"
#include "core/table.h"

struct core_op;

struct revisions {
    struct pool pool;
    struct table table;
    struct list by_age; /* the one that changed least lately first */
    struct slab *slab;
    uint64_t max, floor;
    uint64_t latest; /* change of all */
};

/* `floor`: nothing is known of what happened up to it. */
void revisions_init(struct revisions *revisions, struct slab *slab, uint64_t max, uint64_t floor);
void revisions_finish(struct revisions *revisions);

/* The keys that these claims of an operation named exclusively change, at `seq`. Called before
 * anything is taken out of line. `given`: only those with CLAIM_GIVEN. */
void revisions_note(struct core *core, const struct core_op *op, uint64_t seq, bool given_only);

/* As core_changed. */
bool revisions_changed(const struct core *core, const struct core_namespace *ns, struct slice path,
                       uint64_t since, struct core_change *change);

/* The first CORE_CHANGES_SHOWN of the keys that changed since; returns how many. */
uint32_t revisions_changes(const struct core *core, const struct core_namespace *ns,
                           const struct core_key *keys, uint32_t n_keys, uint64_t since,
                           struct core_change *changes);

#endif
