#include "client_govern.h"

#include <msgpack.h>
#include <string.h>

const char *const ask_names[ASK_COUNT] = {
#define ASK_NAME(name, text) text,
    ASK_LIST(ASK_NAME)
#undef ASK_NAME
};

#define WAIT_TIMEOUT_MS 700

static const char *const namespaces[] = {"default", "other"};

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

static void put_number(msgpack_packer *packer, const char *name, uint64_t number)
{
    put(packer, name);
    msgpack_pack_uint64(packer, number);
}

static void put_true(msgpack_packer *packer, const char *name)
{
    put(packer, name);
    msgpack_pack_true(packer);
}

static void put_keys(msgpack_packer *packer, const char *name, uint32_t keys)
{
    put(packer, name);
    msgpack_pack_array(packer, (size_t)__builtin_popcount(keys));
    for (; keys != 0; keys &= keys - 1)
        put(packer, path_texts[__builtin_ctz(keys)]);
}

/* Begins a request; its params' map has so many fields. NULL: too many are pending. */
static struct pending *ask(struct client *client, msgpack_packer *packer, enum ask what,
                           struct judge_op *op, uint32_t fields)
{
    struct pending *pending;

    if (client->link == NULL || client->n_pending == CLIENT_PENDING_MAX)
        return NULL;
    while (client->pending[(client->next_id + 1) % CLIENT_PENDING_MAX].id != 0)
        client->next_id++; /* some wait for long */
    pending = &client->pending[(client->next_id + 1) % CLIENT_PENDING_MAX];
    *pending = (struct pending){.id = ++client->next_id,
                                .what = what,
                                .op = op,
                                .session = client->session,
                                .floor = client->judge->latest_seq,
                                .op_floor = op == NULL ? 0 : op->latest_seq,
                                .has_ended = op != NULL && op->ended_seq != 0,
                                .asked = judge_now(client->judge),
                                .generation = client->world->generation,
                                .link = client->link->number};
    client->n_pending++;
    transcript_say(client->world->transcript, "client %d says %s %s (%u)", client->number,
                   ask_names[what], op == NULL ? "" : op->id, pending->id);
    msgpack_packer_init(packer, &client->out, write_out);
    msgpack_pack_array(packer, 4);
    msgpack_pack_int(packer, 0);
    msgpack_pack_uint32(packer, pending->id);
    put(packer, ask_names[what]);
    msgpack_pack_array(packer, 1);
    msgpack_pack_map(packer, fields);
    return pending;
}

/* --- sessions -------------------------------------------------------------------------------- */

static void say_resume(struct client *client, bool with_wrong_secret)
{
    const struct judge_session *session = judge_session_find(client->judge, client->session);
    struct pending *pending;
    msgpack_packer packer;
    char secret[sizeof client->secret];

    memcpy(secret, client->secret, sizeof secret);
    if (with_wrong_secret)
        secret[0] = secret[0] == 'a' ? 'b' : 'a';
    pending = ask(client, &packer, ASK_HELLO, NULL, 1);
    if (pending == NULL)
        return;
    pending->is_wrong = with_wrong_secret;
    if (session != NULL)
        pending->guard_ms = judge_session_down_ms(session) + session->grace_ms;
    put(&packer, "resume");
    msgpack_pack_map(&packer, 2);
    put_number(&packer, "session", client->session);
    put(&packer, "secret");
    put(&packer, secret);
}

void client_say_hello(struct client *client, bool with_wrong_secret)
{
    msgpack_packer packer;

    if (client->session != 0) {
        say_resume(client, with_wrong_secret);
        return;
    }
    if (ask(client, &packer, ASK_HELLO, NULL, 2) == NULL)
        return;
    put(&packer, "namespace");
    put(&packer, namespaces[client->ns]);
    put_number(&packer, "grace", (uint64_t)client->grace_ms);
}

/* --- operations ------------------------------------------------------------------------------ */

static void put_submit(msgpack_packer *packer, const struct judge_op *op, uint32_t x)
{
    put(packer, "op");
    put(packer, op->id);
    if (x != 0)
        put_keys(packer, "keys", x);
    if (op->s != 0)
        put_keys(packer, "shared", op->s);
    if (op->wait_ms != NEVER)
        put_number(packer, "wait", (uint64_t)op->wait_ms);
    if (op->detached)
        put_number(packer, "lease", op->lease_ms == NEVER ? 0 : (uint64_t)op->lease_ms);
    if (op->claim_in_ms != NEVER)
        put_number(packer, "claim_in", (uint64_t)op->claim_in_ms);
    if (op->max_hold_ms != NEVER)
        put_number(packer, "max_hold", (uint64_t)op->max_hold_ms);
    if (op->passes)
        put_true(packer, "pass");
    if (op->is_stale_asked)
        put_number(packer, "unchanged_since", op->since);
    if (op->tells_change) {
        put(packer, "on_change");
        put(packer, "tell");
    }
    if (op->has_payload) {
        put(packer, "payload");
        put(packer, op->id);
    }
    if (op->parent != NULL) {
        put(packer, "parent");
        put(packer, op->parent->id);
    }
    if (op->parent != NULL && op->parent->token != 0)
        put_number(packer, "parent_token", op->parent->token);
}

static uint32_t count_fields(const struct judge_op *op, uint32_t x)
{
    return 1u + (x != 0) + (op->s != 0) + (op->wait_ms != NEVER) + op->detached +
           (op->claim_in_ms != NEVER) + (op->max_hold_ms != NEVER) + op->passes +
           op->is_stale_asked + op->tells_change + op->has_payload + (op->parent != NULL) +
           (op->parent != NULL && op->parent->token != 0);
}

void client_say_submit(struct client *client, struct judge_op *op, bool acquires)
{
    msgpack_packer packer;
    struct pending *pending =
        ask(client, &packer, acquires ? ASK_ACQUIRE : ASK_SUBMIT, op, count_fields(op, op->x));

    if (pending == NULL)
        return;
    pending->was_first = op->attempts == 0;
    if (op->attempts++ > 0 && op->session != client->session)
        op->session = 0; /* the first of them to arrive counts */
    op->change_asked = op->change_asked || (acquires && op->detached);
    op->claimants |= acquires ? 1u << client->number : 0;
    put_submit(&packer, op, op->x);
}

void client_say_other(struct client *client, struct judge_op *op)
{
    uint32_t e = paths_find("E", 1), x = op->x == e ? paths_find("D", 1) : e;
    msgpack_packer packer;
    struct pending *pending = ask(client, &packer, ASK_SUBMIT, op, count_fields(op, x));

    if (pending == NULL)
        return;
    pending->is_other = true;
    put_submit(&packer, op, x);
}

static void note_asked(const struct client *client, struct judge_op *op, enum ask what,
                       struct pending *pending)
{
    if (what == ASK_RELEASE || what == ASK_CANCEL || what == ASK_KILL)
        op->enders |= 1u << client->number;
    switch (what) {
    case ASK_RELEASE:
        op->release_asked = true;
        break;
    case ASK_CANCEL:
        op->cancel_asked = true;
        break;
    case ASK_RENEW:
        pending->guard_ms = judge_earliest_expiry(client->judge, op);
        op->change_asked = true;
        break;
    case ASK_CLAIM:
        op->change_asked = true;
        op->claimants |= 1u << client->number;
        break;
    case ASK_KILL:
        op->kill_asked = op->kill_asked || client_is_admin(client);
        break;
    default:
        break;
    }
}

/* Release and renew go by token where one is known. */
void client_say_op(struct client *client, enum ask what, struct judge_op *op)
{
    bool by_token = (what == ASK_RELEASE || what == ASK_RENEW || what == ASK_VERIFY) &&
                    (op->token != 0 || what != ASK_RELEASE);
    bool ties = what == ASK_CLAIM && op->tie_asked;
    msgpack_packer packer;
    bool hurries = what == ASK_WAIT && client->next_id % 2 == 0;
    bool leaves_be = what == ASK_RELEASE && client->next_id % 4 == 0;
    struct pending *pending = ask(client, &packer, what, op,
                                  1u + by_token + ties + hurries + leaves_be + (what == ASK_KILL));

    if (pending == NULL)
        return;
    note_asked(client, op, what, pending);
    put(&packer, "op");
    put(&packer, op->id);
    if (by_token)
        put_number(&packer, "token", op->token);
    if (ties)
        put_true(&packer, "tie");
    if (hurries)
        put_number(&packer, "timeout", WAIT_TIMEOUT_MS);
    if (leaves_be)
        put_true(&packer, "unchanged");
    if (what == ASK_KILL) {
        put(&packer, "why");
        put(&packer, "enough");
    }
}

void client_say_keys(struct client *client, enum ask what, struct judge_op *op, uint32_t x,
                     uint32_t s)
{
    msgpack_packer packer;
    struct pending *pending =
        ask(client, &packer, what, op,
            what == ASK_CHECK ? 1 : 1u + (x != 0) + (s != 0) + (op->token != 0));

    if (pending == NULL)
        return;
    pending->x = x;
    pending->s = s;
    if (x != 0)
        put_keys(&packer, "keys", x);
    if (s != 0)
        put_keys(&packer, "shared", s);
    if (what == ASK_CHECK)
        return;
    put(&packer, "op");
    put(&packer, op->id);
    if (op->token != 0)
        put_number(&packer, "token", op->token);
    op->change_asked = true;
    op->extend_asked = op->extend_asked || what == ASK_EXTEND;
    if (what == ASK_RELEASE) {
        op->release_asked = true;
        op->enders |= 1u << client->number;
        judge_on_give_back(client->judge, op, x);
    }
}

/* --- questions ------------------------------------------------------------------------------- */

void client_say_list(struct client *client, bool with_ended)
{
    static const char *const states[] = {"waiting", "granted", "ended"};
    msgpack_packer packer;
    struct pending *pending = ask(client, &packer, ASK_LIST, NULL, 2);

    if (pending == NULL)
        return;
    pending->has_ended = with_ended;
    put(&packer, "state");
    msgpack_pack_array(&packer, with_ended ? 3 : 2);
    for (int i = 0; i < (with_ended ? 3 : 2); i++)
        put(&packer, states[i]);
    put_number(&packer, "limit", 1000);
}

void client_say(struct client *client, enum ask what)
{
    msgpack_packer packer;
    ask(client, &packer, what, NULL, 0);
}

void client_say_drain(struct client *client, bool on)
{
    msgpack_packer packer;
    struct pending *pending = ask(client, &packer, ASK_DRAIN, NULL, 1);

    if (pending == NULL)
        return;
    pending->is_on = on;
    if (client_is_admin(client))
        client_note_drain(client, on);
    put(&packer, "on");
    if (on)
        msgpack_pack_true(&packer);
    else
        msgpack_pack_false(&packer);
}

void client_say_subscribe(struct client *client)
{
    static const char *const what[] = {"grants", "ends", "contended"};
    msgpack_packer packer;

    if (ask(client, &packer, ASK_SUBSCRIBE, NULL, 3) == NULL)
        return;
    client->subscribing_link = client->link->number;
    for (int i = 0; i < 3; i++)
        put_true(&packer, what[i]);
}

void client_say_garbage(struct client *client, struct chance *chance)
{
    static const char deep[] = "\x94\x00\x01\xa4ping\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91";
    static const char large[] = "\x94\x00\x01\xa4ping\x91\x81\xa1x\xc6\x7f\xff\xff\xff";
    char some[12];

    switch (chance_below(chance, 4)) {
    case 0:
        buf_append(&client->out, deep, sizeof deep - 1);
        break;
    case 1:
        buf_append(&client->out, large, sizeof large - 1);
        break;
    case 2:
        buf_append(&client->out, "\xc1", 1);
        break;
    default:
        for (size_t i = 0; i < sizeof some; i++)
            some[i] = (char)chance_below(chance, 256);
        buf_append(&client->out, some, sizeof some);
    }
}
