/*
 * What an operation named: finding keys in the first part of its claims, which is in byte order.
 */
#ifndef CORE_NAMED_H
#define CORE_NAMED_H

#include "core/state.h"

static inline struct slice named_path(const struct core *core, const struct core_op *op,
                                      uint32_t place)
{
    return key_path(key_at(&core->keys, op->claims[place].key));
}

/* The place of the first named key that is not before `path`. */
uint32_t named_place(const struct core *core, const struct core_op *op, struct slice path);
/* The same for the keys below `path`; they follow each other from there on. */
uint32_t named_place_below(const struct core *core, const struct core_op *op, struct slice path);
bool named_is_below(const struct core *core, const struct core_op *op, uint32_t place,
                    struct slice path);

/* The first named key in byte order that conflicts with `path` named in `mode`; there is one. Cost:
 * O(segments * log keys). */
struct core_key named_conflict(const struct core *core, const struct core_op *op, struct slice path,
                               enum mode mode);

#endif
