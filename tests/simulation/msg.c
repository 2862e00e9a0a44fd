#include "msg.h"

#include <stdio.h>
#include <string.h>

bool msg_is_text(const msgpack_object *object, const char *text)
{
    return object->type == MSGPACK_OBJECT_STR && object->via.str.size == strlen(text) &&
           memcmp(object->via.str.ptr, text, object->via.str.size) == 0;
}

const msgpack_object *msg_field(const msgpack_object *map, const char *name)
{
    if (map->type != MSGPACK_OBJECT_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->via.map.size; i++)
        if (msg_is_text(&map->via.map.ptr[i].key, name))
            return &map->via.map.ptr[i].val;
    return NULL;
}

uint64_t msg_number(const msgpack_object *map, const char *name)
{
    const msgpack_object *found = msg_field(map, name);
    return found != NULL && found->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? found->via.u64 : 0;
}

const char *msg_text(const msgpack_object *map, const char *name, char *to, size_t size)
{
    const msgpack_object *found = msg_field(map, name);

    to[0] = '\0';
    if (found != NULL && found->type == MSGPACK_OBJECT_STR)
        snprintf(to, size, "%.*s", (int)found->via.str.size, found->via.str.ptr);
    return to;
}

bool msg_is_true(const msgpack_object *map, const char *name)
{
    const msgpack_object *found = msg_field(map, name);
    return found != NULL && found->type == MSGPACK_OBJECT_BOOLEAN && found->via.boolean;
}

const msgpack_object_array *msg_array(const msgpack_object *map, const char *name)
{
    const msgpack_object *found = msg_field(map, name);
    return found != NULL && found->type == MSGPACK_OBJECT_ARRAY ? &found->via.array : NULL;
}
