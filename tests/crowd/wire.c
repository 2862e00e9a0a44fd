#include "wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

static const char *const methods[METHOD_COUNT] = {
    [METHOD_PUSH] = "",         [METHOD_SUBMIT] = "submit", [METHOD_ACQUIRE] = "acquire",
    [METHOD_CLAIM] = "claim",   [METHOD_RENEW] = "renew",   [METHOD_RELEASE] = "release",
    [METHOD_CANCEL] = "cancel", [METHOD_VERIFY] = "verify", [METHOD_CHECK] = "check",
    [METHOD_STATUS] = "status", [METHOD_HELLO] = "hello",
};

/* --- out ------------------------------------------------------------------------------------- */

static void put_text(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str_with_body(packer, text, strlen(text));
}

static void put_number(msgpack_packer *packer, const char *name, uint64_t number)
{
    put_text(packer, name);
    msgpack_pack_uint64(packer, number);
}

static void put_keys(msgpack_packer *packer, const char *name, uint64_t keys)
{
    put_text(packer, name);
    msgpack_pack_array(packer, (size_t)__builtin_popcountll(keys));
    for (int i = 0; i < POOL_KEYS; i++)
        if ((keys >> i & 1) != 0)
            put_text(packer, pool_keys[i]);
}

static void put_op(msgpack_packer *packer, uint64_t op)
{
    char id[32];

    snprintf(id, sizeof id, "c%" PRIu64 "-%" PRIu64, op >> 32, op & UINT32_MAX);
    put_text(packer, "op");
    put_text(packer, id);
}

static void put_submit(msgpack_packer *packer, const struct wire_request *request)
{
    bool has_wait = request->wait_ms != WIRE_NONE, has_lease = request->lease_ms != WIRE_NONE;
    bool has_claim_in = request->claim_in_ms != WIRE_NONE;

    msgpack_pack_map(packer,
                     (size_t)3 + has_wait + has_lease + has_claim_in + request->has_payload);
    put_op(packer, request->op);
    put_keys(packer, "keys", request->exclusive);
    put_keys(packer, "shared", request->shared);
    if (has_wait)
        put_number(packer, "wait", request->wait_ms);
    if (has_lease)
        put_number(packer, "lease", request->lease_ms);
    if (has_claim_in)
        put_number(packer, "claim_in", request->claim_in_ms);
    if (!request->has_payload)
        return;
    put_text(packer, "payload");
    msgpack_pack_bin_with_body(packer, "work", 4);
}

static void put_hello(msgpack_packer *packer, const struct wire_request *request)
{
    char world[16];

    snprintf(world, sizeof world, "world-%u", request->world);
    msgpack_pack_map(packer, request->session != 0 ? 3 : 2);
    put_number(packer, "grace", request->grace_ms);
    put_text(packer, "namespace");
    put_text(packer, world);
    if (request->session == 0)
        return;
    put_text(packer, "resume");
    msgpack_pack_map(packer, 2);
    put_number(packer, "session", request->session);
    put_text(packer, "secret");
    put_text(packer, request->secret);
}

void wire_put(msgpack_sbuffer *out, const struct wire_request *request)
{
    msgpack_packer packer;

    msgpack_packer_init(&packer, out, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 4);
    msgpack_pack_int(&packer, 0);
    msgpack_pack_uint32(&packer, request->id);
    put_text(&packer, methods[request->method]);
    msgpack_pack_array(&packer, 1);
    switch (request->method) {
    case METHOD_SUBMIT:
    case METHOD_ACQUIRE:
        put_submit(&packer, request);
        break;
    case METHOD_HELLO:
        put_hello(&packer, request);
        break;
    case METHOD_CHECK:
        msgpack_pack_map(&packer, 1);
        put_keys(&packer, "keys", request->exclusive);
        break;
    default:
        msgpack_pack_map(&packer, request->token != 0 ? 2 : 1);
        put_op(&packer, request->op);
        if (request->token != 0)
            put_number(&packer, "token", request->token);
    }
}

/* --- in -------------------------------------------------------------------------------------- */

static bool is_text(const msgpack_object *value, const char *text)
{
    return value->type == MSGPACK_OBJECT_STR && value->via.str.size == strlen(text) &&
           memcmp(value->via.str.ptr, text, value->via.str.size) == 0;
}

static int find(const msgpack_object *value, const char *const *names, int n, int otherwise)
{
    for (int i = 0; i < n; i++)
        if (names[i] != NULL && is_text(value, names[i]))
            return i;
    return otherwise;
}

static enum history_state read_state(const msgpack_object *value)
{
    static const char *const names[] = {NULL, "waiting", "granted", "ended"};
    return (enum history_state)find(value, names, 4, STATE_NONE);
}

static enum history_end read_end(const msgpack_object *value)
{
    static const char *const names[] = {NULL,      "released", "cancelled", "timeout",
                                        "expired", "lost",     "refused"};
    return (enum history_end)find(value, names, 7, END_OTHER);
}

static uint64_t read_number(const msgpack_object *value)
{
    return value->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? value->via.u64 : 0;
}

static void copy_text(const msgpack_object *value, char *text, size_t size)
{
    size_t n = 0;

    if (value->type == MSGPACK_OBJECT_STR)
        n = value->via.str.size < size - 1 ? value->via.str.size : size - 1;
    memcpy(text, n > 0 ? value->via.str.ptr : "", n);
    text[n] = '\0';
}

static bool read_op(const msgpack_object *value, uint64_t *op)
{
    char text[32], *rest;
    uint64_t client;

    copy_text(value, text, sizeof text);
    if (text[0] != 'c')
        return false;
    client = strtoull(text + 1, &rest, 10);
    if (*rest != '-')
        return false;
    *op = client << 32 | strtoull(rest + 1, NULL, 10);
    return true;
}

/* The one row of a check, or none: [key, held, op, mode, state, holders, waiting]. */
static void read_rows(const msgpack_object *value, struct wire_answer *answer)
{
    const msgpack_object *row;

    answer->has_row = true;
    if (value->type != MSGPACK_OBJECT_ARRAY || value->via.array.size == 0)
        return;
    row = value->via.array.ptr;
    if (row->type != MSGPACK_OBJECT_ARRAY || row->via.array.size != 7)
        return;
    row = row->via.array.ptr;
    read_op(&row[2], &answer->first);
    answer->row_state = read_state(&row[4]);
    answer->holders = (uint32_t)read_number(&row[5]);
    answer->waiting = (uint32_t)read_number(&row[6]);
}

static void read_pair(const msgpack_object_kv *pair, struct wire_answer *answer)
{
    const msgpack_object *name = &pair->key, *value = &pair->val;

    if (is_text(name, "op"))
        answer->has_op = read_op(value, &answer->op);
    else if (is_text(name, "state"))
        answer->state = read_state(value);
    else if (is_text(name, "end"))
        answer->end = read_end(value);
    else if (is_text(name, "ticket"))
        answer->ticket = read_number(value);
    else if (is_text(name, "seq"))
        answer->seq = read_number(value);
    else if (is_text(name, "token"))
        answer->token = read_number(value);
    else if (is_text(name, "held"))
        answer->is_held = value->type == MSGPACK_OBJECT_BOOLEAN && value->via.boolean;
    else if (is_text(name, "session"))
        answer->session = read_number(value);
    else if (is_text(name, "secret"))
        copy_text(value, answer->secret, sizeof answer->secret);
    else if (is_text(name, "locked"))
        read_rows(value, answer);
}

static enum history_error read_error(const char *text)
{
    static const char *const codes[ERROR_OTHER] = {
        [ERROR_NOT_FOUND] = "not_found:",     [ERROR_WRONG_TOKEN] = "wrong_token:",
        [ERROR_NOT_OWNER] = "not_owner:",     [ERROR_NOT_WAITING] = "not_waiting:",
        [ERROR_NOT_GRANTED] = "not_granted:", [ERROR_ALREADY_CLAIMED] = "already_claimed:",
        [ERROR_NO_SESSION] = "no_session:",
    };

    for (int i = ERROR_NONE + 1; i < ERROR_OTHER; i++)
        if (strncmp(text, codes[i], strlen(codes[i])) == 0)
            return (enum history_error)i;
    return ERROR_OTHER;
}

static bool read_result(const msgpack_object *result, struct wire_answer *answer)
{
    if (result->type != MSGPACK_OBJECT_MAP)
        return false;
    for (uint32_t i = 0; i < result->via.map.size; i++)
        read_pair(&result->via.map.ptr[i], answer);
    return true;
}

bool wire_read(const msgpack_object *message, struct wire_answer *answer)
{
    const msgpack_object *part;

    memset(answer, 0, sizeof *answer);
    if (message->type != MSGPACK_OBJECT_ARRAY || message->via.array.size < 3)
        return false;
    part = message->via.array.ptr;
    answer->is_push = message->via.array.size == 3;
    if (answer->is_push)
        return part[2].type == MSGPACK_OBJECT_ARRAY && part[2].via.array.size == 1 &&
               read_result(part[2].via.array.ptr, answer);
    answer->id = (uint32_t)read_number(&part[1]);
    if (part[2].type == MSGPACK_OBJECT_NIL)
        return read_result(&part[3], answer);
    copy_text(&part[2], answer->text, sizeof answer->text);
    answer->error = read_error(answer->text);
    answer->state = STATE_ERROR;
    return true;
}
