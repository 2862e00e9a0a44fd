/*
 * Soundness: whether what a store holds can be what a daemon wrote.
 *
 * One row at a time, each column by itself; what rows say about each other is the core's to judge.
 * A store that was damaged, or written to by somebody else, must be refused before its numbers are
 * added up or its bytes are put into an answer. Bounds are those of the protocol and not those of
 * the configuration, which may have been others when the row was written.
 */
#ifndef SERVER_SOUND_H
#define SERVER_SOUND_H

#include "store/store.h"

bool sound_meta(const struct store_meta *meta);
bool sound_session(const struct store_session *session);
/* All but keys, shared and changed, which row.h reads. */
bool sound_op(const struct store_op *op, const struct store_meta *meta);
/* Whether it is a canonical path. */
bool sound_path(struct slice path);

#endif
