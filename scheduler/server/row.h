/*
 * Rows: an operation as the store keeps it, and back.
 *
 * The keys of a row are JSON arrays of string paths, so that people and other programs can read the
 * database; the core's canonical paths are written as they are.
 */
#ifndef SERVER_ROW_H
#define SERVER_ROW_H

#include "base/arena.h"
#include "core/core.h"
#include "store/store.h"

/* Everything of the row lives in the arena or in its own numbers: it stays when `op` changes. */
void row_from_op(const struct core *core, const struct op *op, struct arena *arena,
                 struct store_op *row);

/* The keys of a stored operation, normalised, in the arena. False: not what row_from_op writes. */
bool row_keys(const struct store_op *row, struct arena *arena, struct core_key **keys,
              uint32_t *n_keys);

/* The fields of an operation whose row is sound (sound.h), all but its keys and its parent; slices
 * point into the row and the arena. False: nonsense. */
bool row_to_op(const struct store_op *row, struct arena *arena, struct op *op);

#endif
