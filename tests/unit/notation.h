/*
 * MessagePack in a notation that a test can be read in, packed by msgpack-c.
 *
 *     nil true false 12 -5 1.5 'text' b'bin' ext'bytes' [1, 2] {'name': 3}
 *
 * In quotes, \xNN is a byte. 'ab'*3 is 'ababab'. What is not in this notation is a mistake of the
 * test and ends it.
 */
#ifndef NOTATION_H
#define NOTATION_H

#include "base/buf.h"

/* Adds to `out` what the text says, one value. */
void notation_pack(struct buf *out, const char *text);

/* What the first value of `msgpack` is, in this notation; long texts with their first byte only,
 * as 'a'*300. Adds to `out`, without a zero at the end. Reads with msgpack-c. */
void notation_unpack(struct buf *out, struct slice msgpack);

#endif
