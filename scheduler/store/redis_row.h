/*
 * Rows as Redis keeps them: a MessagePack map from the name of a column to its value.
 *
 * So any language reads them without this program. What is 0 or absent is left out; integers keep
 * all their bits (a number in Lua would lose those above 2^53: the scripts never look inside). TEXT
 * is a string, BLOB a binary.
 */
#ifndef STORE_REDIS_ROW_H
#define STORE_REDIS_ROW_H

#include "base/buf.h"
#include "store/store.h"

/* Appends the row. */
void redis_row_from_op(const struct store_op *op, struct buf *row);
void redis_row_from_session(const struct store_session *session, struct buf *row);

/* Slices point into the row. False: it is not what was written here. */
bool redis_row_to_op(struct slice row, struct store_op *op);
bool redis_row_to_session(struct slice row, struct store_session *session);

#endif
