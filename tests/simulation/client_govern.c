/*
 * What a client may hear that looks after more than its own: the answers to kill, drain and
 * subscribe, and news of operations that are not its own.
 */
#include "client_govern.h"

#include <inttypes.h>

#include "msg.h"

#define ADMIN 0 /* the client that is one: links.c */

/* --- kill and drain -------------------------------------------------------------------------- */

bool client_is_admin(const struct client *client)
{
    return client->number == ADMIN;
}

void client_note_drain(struct client *client, bool on)
{
    struct judge_drain *drain = &client->judge->drain;

    if (drain->generation != client->world->generation)
        *drain = (struct judge_drain){.generation = client->world->generation};
    drain->asked++;
    drain->was_asked_on = drain->was_asked_on || on;
}

/* What it is now is known when every drain that was ever asked of this daemon is answered. */
static bool is_known(const struct client *client)
{
    const struct judge_drain *drain = &client->judge->drain;
    return drain->generation == client->world->generation && drain->answered == drain->asked;
}

static void on_drained(struct client *client, const struct pending *asked,
                       const msgpack_object *result)
{
    struct judge_drain *drain = &client->judge->drain;

    if (msg_is_true(result, "draining") != asked->is_on)
        judge_object(client->judge, "drain says the opposite of what it was told");
    if (drain->generation != asked->generation)
        return;
    drain->answered++;
    drain->is_on = asked->is_on;
    drain->told_ms = client->world->clock.real_ms;
}

void client_check_admission(struct client *client, const struct pending *asked)
{
    const struct judge_drain *drain = &client->judge->drain;

    if (asked->was_first && asked->op->parent == NULL && is_known(client) && drain->is_on &&
        asked->generation == drain->generation && asked->asked.real_ms > drain->told_ms)
        judge_object(client->judge, "%s: taken by a daemon that drains", asked->op->id);
}

bool client_may_be_drained(const struct client *client, const struct pending *asked)
{
    const struct judge_drain *drain = &client->judge->drain;

    if (asked->generation < drain->generation)
        return true; /* heard late, from a daemon that is forgotten here */
    return asked->op->parent == NULL && drain->generation == asked->generation &&
           drain->was_asked_on &&
           !(is_known(client) && !drain->is_on && asked->asked.real_ms > drain->told_ms);
}

/* --- subscribers ----------------------------------------------------------------------------- */

void client_on_governed(struct client *client, const struct pending *asked,
                        const msgpack_object *result)
{
    if (asked->what != ASK_SUBSCRIBE && !client_is_admin(client))
        judge_object(client->judge, "client %d: %s is for an admin", client->number,
                     ask_names[asked->what]);
    if (asked->what == ASK_DRAIN)
        on_drained(client, asked, result);
    if (asked->what == ASK_SUBSCRIBE && client->news_link != asked->link) {
        client->news_link = asked->link;
        client->news_from = msg_number(result, "seq");
    }
}

/* A subscription begins somewhere between its question and its answer. */
static bool may_be_subscribed(const struct client *client)
{
    return client->subscribing_link == client->link->number;
}

bool client_is_of_its_state(const struct client *client, const msgpack_object *method,
                            const msgpack_object *view)
{
    char state[16];

    msg_text(view, "state", state, sizeof state);
    return msg_is_text(method, state) ||
           (msg_is_text(method, "granted") && strcmp(state, "ended") == 0 &&
            msg_number(view, "token") != 0 && may_be_subscribed(client));
}

void client_check_news(struct client *client, struct judge_op *op)
{
    bool is_own = op->client == client->number || (op->claimants >> client->number & 1) != 0;

    if (op->ns != client->ns)
        judge_object(client->judge, "%s: news of it in another namespace", op->id);
    if (!is_own && !may_be_subscribed(client))
        judge_object(client->judge, "%s: news of it for client %d, which did not subscribe", op->id,
                     client->number);
}

void client_hear_end(struct client *client, struct judge_op *op)
{
    op->end_told |= 1u << client->number;
}

/* How others' operations ended while it was subscribed, and not by what it asked itself. */
void client_check_all_heard(const struct client *client)
{
    struct judge *judge = client->judge;

    if (client->link == NULL || client->news_link != client->link->number || judge->plan->forgets)
        return;
    for (int i = 0; i < judge->n_ops; i++) {
        const struct judge_op *op = judge->ops[i];
        bool is_others = op->client != client->number && op->ns == client->ns &&
                         ((op->enders | op->claimants) >> client->number & 1) == 0;
        if (is_others && op->ended_seq > client->news_from &&
            (op->end_told >> client->number & 1) == 0)
            judge_object(judge, "%s: ended at %" PRIu64 ", and client %d, subscribed, was not told",
                         op->id, op->ended_seq, client->number);
    }
}

void client_hear_contended(struct client *client, const msgpack_object *params)
{
    char id[24];
    struct judge_op *op = judge_find(client->judge, msg_text(params, "op", id, sizeof id));

    if (op == NULL) {
        judge_object(client->judge, "%s is contended, and nobody submitted it", id);
        return;
    }
    if (!may_be_subscribed(client))
        judge_object(client->judge, "%s: told contended to who did not subscribe", op->id);
    if (op->detached ? (op->claimants >> client->number & 1) == 0 : op->client != client->number)
        judge_object(client->judge, "%s: told contended to who does not hold it", op->id);
    if (op->contended_in == client->world->generation)
        judge_object(client->judge, "%s: told contended twice", op->id);
    op->contended_in = client->world->generation;
    client_check_news(client, op);
}
