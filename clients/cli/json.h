/*
 * JSON out of MessagePack, in the protocol's field names.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdio.h>

#include <msgpack/object.h>

/* One value, without a newline. What JSON cannot say: bytes that are no UTF-8 become U+FFFD,
 * extension types null. Text is in the protocol's `bin` or `str`. */
void json_write(FILE *out, const msgpack_object *value);

#endif
