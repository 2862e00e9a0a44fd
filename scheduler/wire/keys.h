/*
 * Keys on the wire: every form that a client may name them in, turned into canonical paths.
 *
 * A canonical path is its segments joined by '/', a slash inside a segment written %2F and a
 * percent sign %25; the root is empty. Paths that a client sends as text are canonical already or
 * wrong, so they are referred to in the frame; models with ids and arrays of segments are taken
 * literally and written anew. Doubled keys stay: the core drops them.
 */
#ifndef WIRE_KEYS_H
#define WIRE_KEYS_H

#include "wire/parser.h"

/* Reads the keys of a field and adds them to the parser's. Limits: path and segments of each, and
 * how many keys and bytes of their text one request may name. */
bool keys_read(struct reading *reading, bool shared);

/* Reads one key, as a path or an array of segments. */
bool keys_read_one(struct reading *reading, struct slice *path);

#endif
