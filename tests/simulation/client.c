#include "client.h"

#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <string.h>

static const char *const namespaces[] = {"default", "other"};

static const char *const paths[] = {"/",     "A",     "B",     "A/1",   "A/2", "A/3",
                                    "A/1/x", "A/1/y", "A/2/x", "B/1",   "B/2", "B/3",
                                    "C/1",   "C/2",   "C/3",   "C/1/x", "D/1", "D/2"};

/* --- saying ---------------------------------------------------------------------------------- */

static int write_out(void *data, const char *bytes, size_t n)
{
    buf_append(data, bytes, n);
    return 0;
}

static void put(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

/* Begins a request; its params' map has so many fields. False: too many are pending. */
static bool ask(struct client *client, msgpack_packer *packer, const char *method, uint32_t fields,
                const char *op, bool is_submit)
{
    struct pending *pending = NULL;

    for (int i = 0; i < CLIENT_PENDING_MAX && pending == NULL; i++)
        if (client->pending[i].id == 0)
            pending = &client->pending[i];
    if (pending == NULL || client->link->conn == NULL)
        return false;
    pending->id = ++client->next_id;
    pending->is_submit = is_submit;
    snprintf(pending->op, sizeof pending->op, "%s", op);
    msgpack_packer_init(packer, &client->link->to_server, write_out);
    msgpack_pack_array(packer, 4);
    msgpack_pack_int(packer, 0);
    msgpack_pack_uint32(packer, pending->id);
    put(packer, method);
    msgpack_pack_array(packer, 1);
    msgpack_pack_map(packer, fields);
    return true;
}

static void put_keys(msgpack_packer *packer, const struct judge_op *op, bool shared)
{
    uint32_t n = 0;

    for (int i = 0; i < op->n_keys; i++)
        n += op->keys[i].shared == shared;
    put(packer, shared ? "shared" : "keys");
    msgpack_pack_array(packer, n);
    for (int i = 0; i < op->n_keys; i++)
        if (op->keys[i].shared == shared)
            put(packer, op->keys[i].path[0] == '\0' ? "/" : op->keys[i].path);
}

static void put_duration(msgpack_packer *packer, const char *name, int64_t ms)
{
    put(packer, name);
    msgpack_pack_int64(packer, ms);
}

static void say_submit(struct client *client, const struct judge_op *op, const char *method)
{
    bool waits = op->wait_ms != INT64_MAX, claims = op->claim_in_ms != INT64_MAX;
    msgpack_packer packer;

    if (!ask(client, &packer, method, 3u + waits + op->detached + claims, op->id, true))
        return;
    put(&packer, "op");
    put(&packer, op->id);
    put_keys(&packer, op, false);
    put_keys(&packer, op, true);
    if (waits)
        put_duration(&packer, "wait", op->wait_ms);
    if (op->detached)
        put_duration(&packer, "lease", op->lease_ms == INT64_MAX ? 0 : op->lease_ms);
    if (claims)
        put_duration(&packer, "claim_in", op->claim_in_ms);
}

static void say_op(struct client *client, const char *method, const char *op, uint64_t token)
{
    msgpack_packer packer;

    if (!ask(client, &packer, method, token != 0 ? 2 : 1, op, false))
        return;
    put(&packer, "op");
    put(&packer, op);
    if (token == 0)
        return;
    put(&packer, "token");
    msgpack_pack_uint64(&packer, token);
}

void client_list(struct client *client, uint64_t after)
{
    static const char *const states[] = {"waiting", "granted", "ended"};
    msgpack_packer packer;

    if (!ask(client, &packer, "list", 3, "", false))
        return;
    put(&packer, "state");
    msgpack_pack_array(&packer, 3);
    for (int i = 0; i < 3; i++)
        put(&packer, states[i]);
    put(&packer, "after");
    msgpack_pack_uint64(&packer, after);
    put(&packer, "limit");
    msgpack_pack_int(&packer, 1000);
}

void client_greet(struct client *client, struct world *world)
{
    msgpack_packer packer;

    memset(client->pending, 0, sizeof client->pending);
    client->has_greeted = false;
    world_connect(world, client->link, client->number);
    if (!client->greets ||
        !ask(client, &packer, "hello", client->has_session ? 1 : 2, "hello", false))
        return;
    if (client->has_session) {
        put(&packer, "resume");
        msgpack_pack_map(&packer, 2);
        put(&packer, "session");
        msgpack_pack_uint64(&packer, client->session);
        put(&packer, "secret");
        put(&packer, client->secret);
        return;
    }
    put(&packer, "namespace");
    put(&packer, namespaces[client->ns]);
    put(&packer, "grace");
    msgpack_pack_int64(&packer, client->grace_ms);
}

/* --- hearing --------------------------------------------------------------------------------- */

static bool is_text(const msgpack_object *object, const char *text)
{
    return object->type == MSGPACK_OBJECT_STR && object->via.str.size == strlen(text) &&
           memcmp(object->via.str.ptr, text, object->via.str.size) == 0;
}

static const msgpack_object *field(const msgpack_object *map, const char *name)
{
    if (map->type != MSGPACK_OBJECT_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->via.map.size; i++)
        if (is_text(&map->via.map.ptr[i].key, name))
            return &map->via.map.ptr[i].val;
    return NULL;
}

static uint64_t number(const msgpack_object *map, const char *name)
{
    const msgpack_object *found = field(map, name);
    return found != NULL && found->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? found->via.u64 : 0;
}

static const char *text(const msgpack_object *map, const char *name, char *to, size_t size)
{
    const msgpack_object *found = field(map, name);

    to[0] = '\0';
    if (found != NULL && found->type == MSGPACK_OBJECT_STR)
        snprintf(to, size, "%.*s", (int)found->via.str.size, found->via.str.ptr);
    return to;
}

/* A view or a record; of a refusal without id the request knows whose it is. */
static void hear_op(struct judge *judge, const msgpack_object *view, const char *asked)
{
    static const char *const states[] = {"", "waiting", "granted", "ended"};
    char id[24], state[16], end[16];
    struct judge_fact fact = {
        .id = text(view, "op", id, sizeof id),
        .ticket = number(view, "ticket"),
        .seq = number(view, "seq"),
        .token = number(view, "token"),
        .end = text(view, "end", end, sizeof end),
        .submitted = number(view, "submitted"),
        .granted = number(view, "granted"),
        .ended = number(view, "ended"),
    };

    text(view, "state", state, sizeof state);
    for (int i = JUDGE_WAITING; i <= JUDGE_ENDED; i++)
        if (strcmp(state, states[i]) == 0)
            fact.state = (enum judge_state)i;
    if (id[0] == '\0')
        fact.id = asked;
    if (fact.state == JUDGE_UNKNOWN || fact.seq == 0)
        judge_object(judge, "%s: a view without state or seq", fact.id);
    judge_hear(judge, &fact);
}

static void hear_hello(struct client *client, const msgpack_object *result)
{
    client->has_greeted = client->has_session = true;
    client->session = number(result, "session");
    text(result, "secret", client->secret, sizeof client->secret);
}

static void hear_error(struct client *client, struct judge *judge, const struct pending *pending,
                       const msgpack_object *error)
{
    static const char *const possible[] = {"not_found",   "wrong_token", "not_owner",
                                           "not_waiting", "not_granted", "already_claimed",
                                           "no_session"};
    char sentence[200];

    snprintf(sentence, sizeof sentence, "%.*s", (int)error->via.str.size, error->via.str.ptr);
    client->errors++;
    if (strcmp(pending->op, "hello") == 0)
        client->has_session = false; /* its grace is over: begin anew */
    for (size_t i = 0; i < sizeof possible / sizeof *possible; i++)
        if (strncmp(sentence, possible[i], strlen(possible[i])) == 0)
            return;
    judge_object(judge, "client %d, %s: %s", client->number, pending->op, sentence);
}

static void hear_response(struct client *client, struct judge *judge, const msgpack_object *message)
{
    const msgpack_object *error = &message->via.array.ptr[2], *result = &message->via.array.ptr[3];
    const msgpack_object *ops = field(result, "ops");
    struct pending *pending = NULL, asked;

    for (int i = 0; i < CLIENT_PENDING_MAX; i++)
        if (client->pending[i].id == message->via.array.ptr[1].via.u64)
            pending = &client->pending[i];
    if (pending == NULL) {
        judge_object(judge, "client %d: an answer that nobody asked for", client->number);
        return;
    }
    asked = *pending;
    pending->id = 0;
    if (error->type != MSGPACK_OBJECT_NIL) {
        hear_error(client, judge, &asked, error);
    } else if (field(result, "secret") != NULL) {
        hear_hello(client, result);
    } else if (ops != NULL && ops->type == MSGPACK_OBJECT_ARRAY) {
        for (uint32_t i = 0; i < ops->via.array.size; i++)
            hear_op(judge, &ops->via.array.ptr[i], "");
    } else if (field(result, "state") != NULL) {
        hear_op(judge, result, asked.op);
    }
}

static void hear(struct client *client, struct judge *judge, const msgpack_object *message)
{
    if (message->type != MSGPACK_OBJECT_ARRAY || message->via.array.size < 3)
        judge_object(judge, "client %d: not a message", client->number);
    else if (message->via.array.ptr[0].via.u64 == 1)
        hear_response(client, judge, message);
    else
        hear_op(judge, &message->via.array.ptr[2].via.array.ptr[0], "");
}

void client_listen(struct client *client, struct judge *judge)
{
    struct buf *in = &client->link->to_client;
    msgpack_unpacked message;
    size_t done = 0, end = 0; /* of a part of a message, msgpack-c moves `end` too */

    if (buf_size(in) == 0)
        return;
    msgpack_unpacked_init(&message);
    while (msgpack_unpack_next(&message, buf_data(in), buf_size(in), &end) ==
           MSGPACK_UNPACK_SUCCESS) {
        hear(client, judge, &message.data);
        done = end;
    }
    msgpack_unpacked_destroy(&message);
    buf_consume(in, done);
}

/* --- acting ---------------------------------------------------------------------------------- */

static int64_t some_time(struct chance *chance)
{
    return 100 + chance_below(chance, 3000);
}

static void submit_new(struct client *client, struct chance *chance, struct judge *judge)
{
    struct judge_op op = {.ns = client->ns,
                          .detached = chance_is(chance, 40),
                          .wait_ms = INT64_MAX,
                          .lease_ms = INT64_MAX,
                          .claim_in_ms = INT64_MAX};
    uint32_t how = chance_below(chance, 10);

    snprintf(op.id, sizeof op.id, "c%d-%d", client->number, client->next_op++);
    op.n_keys = 1 + (int)chance_below(chance, chance_is(chance, 70) ? 2 : JUDGE_KEYS_MAX);
    for (int i = 0; i < op.n_keys; i++) {
        uint32_t least = chance_is(chance, 95) ? 3 : 0;
        uint32_t which = least + chance_below(chance, sizeof paths / sizeof *paths - least);
        snprintf(op.keys[i].path, sizeof op.keys[i].path, "%s", which == 0 ? "" : paths[which]);
        op.keys[i].shared = chance_is(chance, 40);
    }
    if (how < 5)
        op.wait_ms = how < 2 ? 0 : some_time(chance);
    if (op.detached && chance_is(chance, 70))
        op.lease_ms = some_time(chance);
    if (op.detached && chance_is(chance, 20))
        op.claim_in_ms = some_time(chance);
    op.change_asked = chance_is(chance, 50);
    say_submit(client, judge_expect(judge, &op), op.change_asked ? "acquire" : "submit");
}

/* An operation to do something with: mostly one of the last. */
static struct judge_op *some_op(struct client *client, struct chance *chance, struct judge *judge)
{
    for (int tries = 0; tries < 8 && judge->n_ops > 0; tries++) {
        int last = judge->n_ops < 30 ? judge->n_ops : 30;
        struct judge_op *op =
            &judge->ops[judge->n_ops - 1 - (int)chance_below(chance, (uint32_t)last)];
        int owner = -1;
        sscanf(op->id, "c%d-", &owner);
        if (op->ns == client->ns && (owner == client->number || chance_is(chance, 20)))
            return op;
    }
    return NULL;
}

void client_undo(struct client *client, struct judge_op *op)
{
    if (op->granted_seq != 0 || op->token != 0) {
        op->release_asked = true;
        say_op(client, "release", op->id, op->token);
    } else {
        op->cancel_asked = true;
        say_op(client, "cancel", op->id, 0);
    }
}

static void do_something_with(struct client *client, struct chance *chance, struct judge_op *op)
{
    static const char *const questions[] = {"status", "wait", "status"};

    switch (chance_below(chance, 12)) {
    case 0:
        say_op(client, questions[chance_below(chance, 3)], op->id, 0);
        break;
    case 1:
        op->change_asked = op->change_asked || op->detached;
        say_op(client, "claim", op->id, 0);
        break;
    case 2:
        op->change_asked = true;
        if (op->token != 0)
            say_op(client, "renew", op->id, op->token);
        break;
    case 3:
        op->cancel_asked = true;
        say_op(client, "cancel", op->id, 0);
        break;
    case 4: /* the same again, as after a lost answer */
        if (op->wait_ms != 0)
            say_submit(client, op, op->change_asked ? "acquire" : "submit");
        break;
    default:
        client_undo(client, op);
    }
}

void client_act(struct client *client, struct world *world, struct judge *judge)
{
    struct chance *chance = world->chance;
    struct judge_op *op;

    if (client->link->conn == NULL) {
        client_greet(client, world);
        return;
    }
    if (client->greets && !client->has_greeted) {
        if (!client->has_session && client->pending[0].id == 0)
            world_drop(world, client->link);
        return;
    }
    if (chance_is(chance, 1)) {
        world_drop(world, client->link);
        return;
    }
    if (chance_is(chance, 1))
        client->link->deaf = !client->link->deaf;
    op = chance_is(chance, 65) ? some_op(client, chance, judge) : NULL;
    if (op != NULL)
        do_something_with(client, chance, op);
    else
        submit_new(client, chance, judge);
}
