/*
 * Families: operations that run under a granted one, its parent.
 *
 * A child is blocked by nobody above it, only by all others: its siblings too. It stands before all
 * waiting ordinary operations. While it lives, its parent lives: a parent is released after its
 * children, and takes them along when it ends in another way.
 */
#ifndef CORE_FAMILY_H
#define CORE_FAMILY_H

#include "core/state.h"

/* Whether `other` is `op` or above it. */
static inline bool family_has(const struct core_op *op, const struct core_op *other)
{
    for (const struct op *at = &op->op; at != NULL; at = at->parent)
        if (at == &other->op)
            return true;
    return false;
}

/* The parent that a submit names into *parent, NULL if it names none: it runs, and who asks may use
 * it. False: why not is in out->status; the parent is out->op if it is not granted. */
bool family_find_parent(const struct core *core, const struct core_namespace *ns,
                        const struct event *event, struct core_op **parent, struct outcome *out);

/* The operation lives, by op.parent; it ended, without live children. */
void family_on_live(struct core_op *op);
void family_on_ended(struct core_op *op);

/* All live operations below `op` into an empty list, by ticket. */
void family_descendants(const struct core_op *op, struct sort_list *list);

#endif
