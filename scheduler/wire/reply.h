/*
 * Replies and notifications: MessagePack out, through msgpack-c's packer into a buffer.
 *
 * A reply is begun, its result written value by value, and that is all: counts of maps must be
 * known when the map is begun. Text is written as str.
 */
#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "base/buf.h"
#include "lockq/status.h"

/* [1, id, nil, <result follows>] */
void reply_begin(struct buf *out, uint32_t id);

/* [1, id, "code: sentence", nil], whole. */
void reply_error(struct buf *out, uint32_t id, enum lockq_status status, const char *sentence);

/* [2, method, [<one value follows>]] */
void notification_begin(struct buf *out, const char *method);

void put_map(struct buf *out, uint32_t pairs);
void put_array(struct buf *out, uint32_t elements);
void put_text(struct buf *out, struct slice text);
void put_uint(struct buf *out, uint64_t number);
void put_bool(struct buf *out, bool value);
void put_nil(struct buf *out);
void put_raw(struct buf *out, struct slice msgpack); /* MessagePack that is ready */

/* A map's key, zero-terminated. Inline, because the length of a literal then costs nothing. */
static inline void put_name(struct buf *out, const char *name)
{
    put_text(out, slice_of(name));
}

/* A map whose size is known only at its end: begin keeps five bytes, end fills in the count. */
struct put_open_map {
    size_t place; /* offset of its head from the start of the buffer's content */
    uint32_t pairs;
};
struct put_open_map put_map_begin(struct buf *out);
void put_map_end(struct buf *out, const struct put_open_map *map);

#endif
