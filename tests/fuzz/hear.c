#include "hear.h"

#include <string.h>

#include "wire/request.h"

#define ID_OF_NO_REQUEST UINT32_MAX

static bool is_text(const msgpack_object *object, const char *text)
{
    return object->type == MSGPACK_OBJECT_STR && object->via.str.size == strlen(text) &&
           memcmp(object->via.str.ptr, text, object->via.str.size) == 0;
}

static const msgpack_object *field(const msgpack_object *map, const char *name)
{
    for (uint32_t i = 0; i < map->via.map.size; i++)
        if (is_text(&map->via.map.ptr[i].key, name))
            return &map->via.map.ptr[i].val;
    return NULL;
}

static uint64_t number(const msgpack_object *map, const char *name)
{
    const msgpack_object *found = field(map, name);

    if (found == NULL || found->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        OBJECT("no number: %s", name);
    return found->via.u64;
}

static void must_be_durable(const struct daemon *daemon, const msgpack_object *map)
{
    if (number(map, "seq") > daemon->store.meta.seq)
        OBJECT("said: seq %llu, durable: %llu", (unsigned long long)number(map, "seq"),
               (unsigned long long)daemon->store.meta.seq);
}

/* The row of what is told of is there, at least as new, or it is forgotten. */
static void judge_view(const struct daemon *daemon, const msgpack_object *view)
{
    const msgpack_object *state = field(view, "state");

    MUST(state != NULL &&
         (is_text(state, "waiting") || is_text(state, "granted") || is_text(state, "ended")));
    MUST((field(view, "end") != NULL) == is_text(state, "ended"));
    if (is_text(state, "waiting"))
        MUST(field(view, "ahead") != NULL && field(view, "token") == NULL);
    if (field(view, "ticket") == NULL) {
        MUST(is_text(state, "ended"));
        return;
    }
    for (uint32_t i = 0; i < daemon->store.n_ops; i++) {
        const struct store_op *row = &daemon->store.ops[i].op;
        if (row->ticket != (int64_t)number(view, "ticket"))
            continue;
        MUST(row->seq >= (int64_t)number(view, "seq"));
        MUST(!is_text(state, "granted") || row->token != 0);
        MUST(!is_text(state, "ended") || row->state == 2);
    }
}

/* --- answers --------------------------------------------------------------------------------- */

static bool gives_view(uint8_t method)
{
    return method == METHOD_SUBMIT || method == METHOD_ACQUIRE || method == METHOD_WAIT ||
           method == METHOD_CLAIM || method == METHOD_EXTEND || method == METHOD_RELEASE ||
           method == METHOD_CANCEL || method == METHOD_KILL;
}

/* Those that may be overtaken: by their nature, or since they wait for no commit. */
static bool is_out_of_order(uint8_t method)
{
    return method == METHOD_ACQUIRE || method == METHOD_WAIT || method == METHOD_PING ||
           method == METHOD_STATS;
}

static struct asked *find_asked(struct line *line, uint64_t id)
{
    for (uint32_t i = 0; i < line->n_asked; i++)
        if (line->asked[i].id == id)
            return &line->asked[i];
    return NULL;
}

static void must_be_in_turn(struct line *line, const struct asked *asked)
{
    for (const struct asked *earlier = line->asked; earlier < asked; earlier++)
        if (!earlier->is_answered && !is_out_of_order(earlier->method))
            OBJECT("%s (%u) is answered before %s (%u)", wire_method_names[asked->method],
                   asked->id, wire_method_names[earlier->method], earlier->id);
}

/* "code: one sentence for a person", and a code of the contract. */
static void judge_error(const msgpack_object *error)
{
    const char *colon;

    MUST(error->type == MSGPACK_OBJECT_STR);
    colon = memchr(error->via.str.ptr, ':', error->via.str.size);
    MUST(colon != NULL && colon + 2 < error->via.str.ptr + error->via.str.size && colon[1] == ' ');
    for (int status = 0; status <= LOCKQ_PARSE; status++) {
        const char *name = wire_status_names[status];
        if (name != NULL && strlen(name) == (size_t)(colon - error->via.str.ptr) &&
            memcmp(name, error->via.str.ptr, strlen(name)) == 0)
            return;
    }
    OBJECT("an error without a code: %.*s", (int)error->via.str.size, error->via.str.ptr);
}

static void judge_answer(struct daemon *daemon, struct line *line, const msgpack_object *parts)
{
    const msgpack_object *error = &parts[2], *result = &parts[3];
    uint64_t id = parts[1].via.u64;
    struct asked *asked;

    MUST(parts[1].type == MSGPACK_OBJECT_POSITIVE_INTEGER);
    MUST((error->type == MSGPACK_OBJECT_NIL) == (result->type != MSGPACK_OBJECT_NIL));
    if (error->type != MSGPACK_OBJECT_NIL)
        judge_error(error);
    else
        MUST(result->type == MSGPACK_OBJECT_MAP);
    asked = find_asked(line, id);
    if (asked == NULL) {
        MUST(line->is_raw);
        return;
    }
    MUST(!asked->is_answered);
    asked->is_answered = true;
    if (!is_out_of_order(asked->method) && !line->is_raw)
        must_be_in_turn(line, asked);
    if (error->type != MSGPACK_OBJECT_NIL)
        return;
    must_be_durable(daemon, result);
    if (gives_view(asked->method))
        judge_view(daemon, result);
}

static void judge_push(const struct daemon *daemon, const msgpack_object *parts)
{
    const msgpack_object *params = &parts[2], *map;

    MUST(params->type == MSGPACK_OBJECT_ARRAY && params->via.array.size == 1);
    map = params->via.array.ptr;
    MUST(map->type == MSGPACK_OBJECT_MAP);
    if (is_text(&parts[1], "contended")) {
        MUST(field(map, "op") != NULL);
        return;
    }
    MUST(is_text(&parts[1], "granted") || is_text(&parts[1], "ended"));
    must_be_durable(daemon, map);
    judge_view(daemon, map);
}

void hear(struct daemon *daemon, struct line *line, const msgpack_object *message)
{
    const msgpack_object *parts = message->via.array.ptr;

    MUST(message->type == MSGPACK_OBJECT_ARRAY && message->via.array.size >= 3);
    MUST(parts[0].type == MSGPACK_OBJECT_POSITIVE_INTEGER);
    if (parts[0].via.u64 == 1 && message->via.array.size == 4)
        judge_answer(daemon, line, parts);
    else if (parts[0].via.u64 == 2 && message->via.array.size == 3)
        judge_push(daemon, parts);
    else
        OBJECT("neither an answer nor a notification");
}

void hear_end(const struct line *line)
{
    MUST(line->is_raw);
    MUST(buf_size(&line->heard) == 0);
}

void hear_all_answered(const struct line *line)
{
    MUST(buf_size(&line->said) == 0 && buf_size(&line->heard) == 0);
    for (uint32_t i = 0; i < line->n_asked; i++)
        if (!line->asked[i].is_answered)
            OBJECT("no answer to %s (%u)", wire_method_names[line->asked[i].method],
                   line->asked[i].id);
}
