/*
 * Reading results: fields, views and the names of statuses.
 */
#include <stdio.h>
#include <string.h>

#include "lockq/lockq.h"

const char *lockq_status_name(int status)
{
    static const char *const names[] = {"ok",
#define NAME(name, wire, text) wire,
                                        LOCKQ_STATUS_LIST(NAME)
#undef NAME
    };
    static const char *const own[] = {"timeout", "no_daemon", "protocol", "session_lost",
                                      "bad_address"};

    if (status >= LOCKQ_OK && status <= LOCKQ_PARSE)
        return names[status];
    if (status >= LOCKQ_E_TIMEOUT && status <= LOCKQ_E_ADDRESS)
        return own[status - LOCKQ_E_TIMEOUT];
    return "unknown";
}

const msgpack_object *lockq_field(const msgpack_object *map, const char *name)
{
    size_t n = strlen(name);

    if (map == NULL || map->type != MSGPACK_OBJECT_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        if (pair->key.type == MSGPACK_OBJECT_STR && pair->key.via.str.size == n &&
            memcmp(pair->key.via.str.ptr, name, n) == 0)
            return &pair->val;
    }
    return NULL;
}

static void text(const msgpack_object *map, const char *name, char *to, size_t size)
{
    const msgpack_object *found = lockq_field(map, name);

    to[0] = '\0';
    if (found != NULL && found->type == MSGPACK_OBJECT_STR)
        snprintf(to, size, "%.*s", (int)found->via.str.size, found->via.str.ptr);
}

static uint64_t number(const msgpack_object *map, const char *name, uint64_t missing)
{
    const msgpack_object *found = lockq_field(map, name);

    return found != NULL && found->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? found->via.u64
                                                                           : missing;
}

bool lockq_view_of(const msgpack_object *map, struct lockq_view *view)
{
    static const char *const states[] = {"", "waiting", "granted", "ended"};
    const msgpack_object *more = lockq_field(map, "ahead_more");
    char state[16];

    *view = (struct lockq_view){0};
    text(map, "state", state, sizeof state);
    for (int i = LOCKQ_WAITING; i <= LOCKQ_ENDED; i++)
        if (strcmp(state, states[i]) == 0)
            view->state = (enum lockq_state)i;
    text(map, "op", view->op, sizeof view->op);
    text(map, "end", view->end, sizeof view->end);
    view->ticket = number(map, "ticket", 0);
    view->seq = number(map, "seq", 0);
    view->token = number(map, "token", 0);
    view->ahead = number(map, "ahead", 0);
    view->ahead_more = more != NULL && more->type == MSGPACK_OBJECT_BOOLEAN && more->via.boolean;
    view->expires_in_ms = (int64_t)number(map, "expires_in", (uint64_t)LOCKQ_UNSET);
    return view->state != 0;
}
