/*
 * Answers: what each may be, given what was asked and what is known.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client_govern.h"
#include "hear_op.h"
#include "msg.h"

/* Whether whatever had arrived was read from this link in the very next turn. */
static bool is_read_at_once(const struct client *client)
{
    return client->world->plan->is_roomy && client->link->is_plain && !client->link->up.was_full &&
           !client->link->down.was_full;
}

/* When the request was there; one of them is accepted late when there is no room. */
static int64_t readable_ms(const struct client *client, const struct pending *asked)
{
    bool had_room = client->world->plan->limits.connections > LINKS_MAX;
    int64_t accepted_ms = client->link->accepted_ms;
    return asked->arrives_ms > accepted_ms || had_room ? asked->arrives_ms : accepted_ms;
}

/* --- sessions -------------------------------------------------------------------------------- */

static void on_hello(struct client *client, const struct pending *asked,
                     const msgpack_object *result)
{
    uint64_t id = msg_number(result, "session");
    struct judge_session *session = judge_session_find(client->judge, client->session);

    if (asked->is_wrong)
        judge_object(client->judge, "client %d: resumed with a wrong secret", client->number);
    if (client->session == 0)
        session = judge_session_add(client->judge, client->number, id, client->grace_ms,
                                    asked->generation);
    else if (client->session != id)
        judge_object(client->judge, "client %d: session %" PRIu64 " resumed, %" PRIu64 " got",
                     client->number, client->session, id);
    if (session != NULL)
        session->link = client->link;
    client->has_greeted = true;
    client->session = id;
    msg_text(result, "secret", client->secret, sizeof client->secret);
}

#define LINGERING_ENOUGH 1000 /* more sessions than a run has */

/* Its grace was over, or it has gone with a crash; or it owned nothing and made room for another.
 */
void client_on_no_session(struct client *client, const struct pending *asked)
{
    const struct judge_session *session = judge_session_find(client->judge, client->session);
    bool was_kept;

    if (asked->is_wrong)
        return;
    was_kept = session != NULL && client->world->plan->limits.lingering >= LINGERING_ENOUGH &&
               (session->is_durable || session->generation == client->world->generation);
    if (was_kept && is_read_at_once(client) && readable_ms(client, asked) < asked->guard_ms)
        judge_object(client->judge,
                     "client %d: its grace was to run until %" PRId64
                     " ms, and it asked at %" PRId64,
                     client->number, asked->guard_ms, readable_ms(client, asked));
    client->session = 0;
}

static void note_durable(struct client *client)
{
    struct judge_session *session = judge_session_find(client->judge, client->session);
    if (session != NULL)
        session->is_durable = true;
}

/* --- operations ------------------------------------------------------------------------------ */

static void note_claimed(struct client *client, const struct pending *asked)
{
    struct judge_op *op = asked->op;

    if (asked->session == 0)
        return;
    if (op->claimed_by != 0 && op->claimed_by != asked->session)
        judge_object(client->judge, "%s: claimed by two sessions", op->id);
    op->claimed_by = asked->session;
    note_durable(client);
}

/* Whether the session that asked has the operation, or had it: one of an earlier session, ended or
 * detached, makes nothing durable. */
static bool owns(const struct pending *asked, enum judge_state state)
{
    return asked->session != 0 &&
           (asked->op->session == asked->session || (!asked->op->detached && state != JUDGE_ENDED));
}

static void on_submitted(struct client *client, const struct pending *asked,
                         const msgpack_object *result)
{
    enum judge_state state;
    struct judge_op *op = asked->op;
    bool acquires = asked->what == ASK_ACQUIRE;

    if (asked->is_other && !client->judge->plan->forgets)
        judge_object(client->judge, "%s: taken with other content", op->id);
    if (asked->is_other)
        return;
    client_check_admission(client, asked);
    state = hear_op(client, asked, result);
    if (msg_number(result, "ticket") == 0)
        op->left_out++;
    else if (owns(asked, state))
        note_durable(client);
    if (state == JUDGE_WAITING && (acquires || op->wait_ms == 0))
        judge_object(client->judge, "%s: told to wait, which it was not to be", op->id);
    if (state == JUDGE_GRANTED && acquires && op->detached)
        note_claimed(client, asked);
}

static void on_verified(struct client *client, const struct pending *asked,
                        const msgpack_object *result)
{
    bool is_held = msg_is_true(result, "held");

    if (asked->has_ended && is_held)
        judge_object(client->judge, "%s: held, after it had ended", asked->op->id);
    judge_hear_held(asked->op, is_held, msg_number(result, "seq"));
}

static void on_owned(struct client *client, const struct pending *asked,
                     const msgpack_object *result)
{
    static const enum judge_state states[ASK_COUNT] = {[ASK_CLAIM] = JUDGE_GRANTED,
                                                       [ASK_EXTEND] = JUDGE_GRANTED,
                                                       [ASK_CANCEL] = JUDGE_ENDED,
                                                       [ASK_KILL] = JUDGE_ENDED};
    enum judge_state state = hear_op(client, asked, result), expected = states[asked->what];

    if (asked->what == ASK_RELEASE && asked->x == 0)
        expected = JUDGE_ENDED;
    if (expected != JUDGE_UNKNOWN && state != expected)
        judge_object(client->judge, "%s: %s leaves it in another state", asked->op->id,
                     ask_names[asked->what]);
    if (asked->what == ASK_RELEASE) {
        asked->op->returned |= asked->x;
        asked->op->returned_ms = client->world->clock.real_ms;
    }
    if (asked->what == ASK_CLAIM)
        note_claimed(client, asked);
    if (asked->what == ASK_EXTEND && !msg_is_true(result, "refused"))
        judge_on_extended(asked->op, asked->x, asked->s, msg_number(result, "seq"));
}

/* --- the daemon ------------------------------------------------------------------------------ */

/* Answered at once, whatever the disk does; and what it says of the disk is true. */
static void on_ping(struct client *client, const struct pending *asked,
                    const msgpack_object *result)
{
    const struct world *world = client->world;
    int64_t now_ms = world->clock.real_ms, since_ms = world->commit_since_ms;
    bool has_age = msg_field(result, "commit_age") != NULL;
    bool is_under_way = world->committing != NULL && since_ms < asked->asked.real_ms;
    bool is_whole = world->plan->records_max > SLICE_MAX; /* a commit is no slice of a longer one */
    int64_t lag_ms = now_ms - readable_ms(client, asked) - client->link->delay_ms;

    if (is_whole && has_age != is_under_way &&
        (is_under_way ||
         (world->committing == NULL && world->commit_end_ms < asked->asked.real_ms)))
        judge_object(client->judge, "client %d: ping is wrong about a commit", client->number);
    if (is_whole && is_under_way && world->stalled_ms < since_ms &&
        (int64_t)msg_number(result, "commit_age") > now_ms - since_ms)
        judge_object(client->judge, "client %d: a commit is older than it is", client->number);
    if (is_read_at_once(client) && world->stalled_ms < asked->asked.real_ms && lag_ms > 1)
        judge_object(client->judge, "client %d: ping took %" PRId64 " ms longer than the way",
                     client->number, lag_ms);
}

static void on_stats(struct client *client, const msgpack_object *result)
{
    static const char *const live[] = {"waiting",   "granted",    "live_claims",
                                       "live_keys", "live_bytes", "namespaces"};
    client->stats_live = 0;
    for (size_t i = 0; i < sizeof live / sizeof *live; i++)
        client->stats_live += msg_number(result, live[i]);
}

static void on_about_daemon(struct client *client, const struct pending *asked,
                            const msgpack_object *result)
{
    if (asked->what != ASK_RENEW) /* which tells the operation's own */
        judge_hear_seq(client->judge, ask_names[asked->what], msg_number(result, "seq"),
                       asked->floor);
    switch (asked->what) {
    case ASK_HELLO:
        on_hello(client, asked, result);
        break;
    case ASK_LIST:
        hear_list(client, asked, result);
        break;
    case ASK_VERIFY:
        on_verified(client, asked, result);
        break;
    case ASK_RENEW:
        if (asked->asked.real_ms > asked->op->lease_from.real_ms)
            asked->op->lease_from = asked->asked;
        break;
    case ASK_PING:
        on_ping(client, asked, result);
        break;
    case ASK_DRAIN:
    case ASK_SUBSCRIBE:
        client_on_governed(client, asked, result);
        break;
    case ASK_STATS:
        on_stats(client, result);
        break;
    default:
        break;
    }
}

void client_on_result(struct client *client, const struct pending *asked,
                      const msgpack_object *result)
{
    switch (asked->what) {
    case ASK_SUBMIT:
    case ASK_ACQUIRE:
        on_submitted(client, asked, result);
        break;
    case ASK_WAIT:
    case ASK_STATUS:
    case ASK_CLAIM:
    case ASK_EXTEND:
    case ASK_RELEASE:
    case ASK_CANCEL:
        on_owned(client, asked, result);
        break;
    case ASK_KILL:
        client_on_governed(client, asked, result);
        on_owned(client, asked, result);
        break;
    default:
        on_about_daemon(client, asked, result);
    }
}

bool client_was_read_at_once(const struct client *client, const struct pending *asked,
                             int64_t before_ms)
{
    return is_read_at_once(client) && readable_ms(client, asked) < before_ms;
}
