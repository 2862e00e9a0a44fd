/*
 * Looking into what msgpack-c has read.
 */
#ifndef SIM_MSG_H
#define SIM_MSG_H

#include <msgpack.h>
#include <stdbool.h>
#include <stdint.h>

/* The value of a field; NULL: there is none, or it is no map. */
const msgpack_object *msg_field(const msgpack_object *map, const char *name);
bool msg_is_text(const msgpack_object *object, const char *text);
/* Of a field; 0 and "" when it is not there. */
uint64_t msg_number(const msgpack_object *map, const char *name);
const char *msg_text(const msgpack_object *map, const char *name, char *to, size_t size);
bool msg_is_true(const msgpack_object *map, const char *name);
/* An array that is a field; NULL: it is not there. */
const msgpack_object_array *msg_array(const msgpack_object *map, const char *name);

#endif
