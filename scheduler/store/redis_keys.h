/*
 * The keys of a row, as the mirror names them.
 *
 * A row's keys are a JSON array of paths (row.h of the server writes it). Of those the mirror shows
 * the ones of two segments: the first is the model, the second the id, both decoded.
 */
#ifndef STORE_REDIS_KEYS_H
#define STORE_REDIS_KEYS_H

#include "base/buf.h"
#include "base/slice.h"

/* Reads one array from its beginning on; all of it belongs to the reader. */
struct redis_keys {
    const char *at, *end;
    struct buf text;
};

void redis_keys_begin(struct redis_keys *keys, struct slice json);
/* The next key of two segments; both live until the next call. False: there is none. */
bool redis_keys_next(struct redis_keys *keys, struct slice *model, struct slice *id);
void redis_keys_finish(struct redis_keys *keys);

/* Appends the name by which the mirror knows a model: MODEL, or NAMESPACE:MODEL outside of
 * `default`; a colon inside of either is written %3A and a percent sign %25, so that no two have
 * the same. */
void redis_keys_name(struct buf *name, struct slice ns, struct slice model);

#endif
