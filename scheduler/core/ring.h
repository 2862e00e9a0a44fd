/*
 * Rings of claims: one way round, the first one's `prev` is the last.
 */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/claim.h"

/* Before `next`, which is in a ring. */
static inline void ring_insert(struct claim *next, struct claim *claim)
{
    claim->next = next;
    claim->prev = next->prev;
    next->prev->next = claim;
    next->prev = claim;
}

static inline void ring_append(struct claim **ring, struct claim *claim)
{
    if (*ring == NULL)
        *ring = claim->next = claim->prev = claim;
    else
        ring_insert(*ring, claim);
}

static inline void ring_remove(struct claim **ring, struct claim *claim)
{
    if (claim->next == claim) {
        *ring = NULL;
        return;
    }
    claim->next->prev = claim->prev;
    claim->prev->next = claim->next;
    if (*ring == claim)
        *ring = claim->next;
}

/* Over a ring whose first is `first`; NULL: none. The ring stays as it is in the body. */
#define RING_EACH(first, item)                                                                     \
    for (struct claim *item = (first), *end_ = (first); item != NULL;                              \
         item = item->next == end_ ? NULL : item->next)

#endif
