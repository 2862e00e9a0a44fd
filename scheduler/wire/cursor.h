/*
 * A cursor over one MessagePack message that the scanner has passed.
 *
 * msgpack-c unpacks into objects of 24 bytes for each element of one byte, so a message of 8 MiB
 * can ask for 192 MiB; the cursor allocates nothing and reads in place. It relies on the scanner:
 * the message is whole and well formed. Output goes through msgpack-c (reply.h).
 */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include "base/slice.h"

struct cursor {
    const char *at, *end;
};

enum value_type {
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_UINT,
    VALUE_NEGATIVE, /* an integer below 0 */
    VALUE_FLOAT,
    VALUE_TEXT, /* str or bin: the contract takes both as text */
    VALUE_ARRAY,
    VALUE_MAP,
    VALUE_EXT
};

struct value {
    enum value_type type;
    bool boolean;
    uint64_t uint;     /* UINT */
    int64_t negative;  /* NEGATIVE */
    struct slice text; /* TEXT: bytes in the message, not yet checked for UTF-8 */
    uint32_t count;    /* ARRAY: elements, MAP: pairs; they follow in the cursor */
};

/* Reads one value; of a container only its head. False at the end of the message. */
bool cursor_read(struct cursor *cursor, struct value *value);

/* Passes over one value with all that it contains; `span`, if not NULL, gets its bytes. */
bool cursor_skip(struct cursor *cursor, struct slice *span);

/* Whether the bytes are UTF-8 (no surrogates, no overlong forms, up to U+10FFFF). */
bool text_is_utf8(struct slice text);

#endif
