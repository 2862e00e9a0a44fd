/*
 * What a client does next, by chance.
 */
#include <string.h>

#include "client_govern.h"
#include "snapshot.h"

#define PATIENCE      30 /* with more unanswered requests it waits */
#define TIDY_EVERY_MS 500

static int64_t some_time(struct chance *chance)
{
    return 100 + chance_below(chance, 3000);
}

static uint32_t some_keys(const struct plan *plan, struct chance *chance, uint32_t n)
{
    uint32_t keys = 0;

    while (n-- > 0) {
        uint32_t which = chance_below(chance, plan->n_paths);
        /* The root excludes everybody: seldom. */
        if (which != PATHS_COUNT - 1 || chance_is(chance, 10))
            keys |= 1u << which;
    }
    return keys == 0 ? 1 : keys;
}

/* --- new operations -------------------------------------------------------------------------- */

static void draw_durations(struct judge_op *op, struct chance *chance)
{
    uint32_t how = chance_below(chance, 10);

    if (how < 5)
        op->wait_ms = how < 2 ? 0 : some_time(chance);
    if (op->detached && chance_is(chance, 70))
        op->lease_ms = some_time(chance);
    if (op->detached && chance_is(chance, 20))
        op->claim_in_ms = some_time(chance);
    if (chance_is(chance, 10))
        op->max_hold_ms = some_time(chance);
    op->has_payload = op->detached && chance_is(chance, 30);
    op->tie_asked = op->detached && chance_is(chance, 20);
}

/* A granted operation of its own to run under; NULL: none. */
static struct judge_op *some_parent(const struct client *client, struct chance *chance)
{
    const struct judge *judge = client->judge;

    for (int tries = 0; tries < 10 && judge->n_ops > 0; tries++) {
        int last = judge->n_ops < 30 ? judge->n_ops : 30;
        struct judge_op *op =
            judge->ops[judge->n_ops - 1 - (int)chance_below(chance, (uint32_t)last)];
        if (op->ns == client->ns && op->granted_seq != 0 && op->ended_seq == 0 && op->token != 0 &&
            (op->client == client->number || op->detached))
            return op;
    }
    return NULL;
}

static void draw_ways(struct client *client, struct chance *chance, struct judge_op *op)
{
    const struct plan *plan = client->world->plan;

    if (chance_is(chance, plan->children))
        op->parent = some_parent(client, chance);
    if (op->parent == NULL && chance_is(chance, plan->passing)) {
        op->passes = true;
        op->wait_ms = 0;
        op->max_hold_ms = some_time(chance);
    }
    if (chance_is(chance, plan->stale)) {
        op->is_stale_asked = true;
        op->since =
            client->judge->latest_seq - chance_below(chance, 20) % (client->judge->latest_seq + 1);
        op->tells_change = chance_is(chance, 40);
    }
}

static void submit_new(struct client *client, struct chance *chance)
{
    const struct plan *plan = client->world->plan;
    uint32_t keys =
        some_keys(plan, chance, 1 + chance_below(chance, chance_is(chance, plan->wide) ? 6 : 2));
    struct judge_op op = {.ns = client->ns,
                          .client = client->number,
                          .session = client->session,
                          .detached = !chance_is(chance, plan->tied),
                          .wait_ms = NEVER,
                          .lease_ms = NEVER,
                          .claim_in_ms = NEVER,
                          .max_hold_ms = NEVER};

    for (; keys != 0; keys &= keys - 1) {
        if (chance_is(chance, plan->shared))
            op.s |= keys & -keys;
        else
            op.x |= keys & -keys;
    }
    draw_durations(&op, chance);
    draw_ways(client, chance, &op);
    op.acquires = chance_is(chance, 50);
    client_say_submit(client, judge_expect(client->judge, &op), op.acquires);
}

/* --- with one that is there ------------------------------------------------------------------ */

/* Mostly one of the last, mostly its own. */
static struct judge_op *some_op(const struct client *client, struct chance *chance)
{
    const struct judge *judge = client->judge;

    for (int tries = 0; tries < 8 && judge->n_ops > 0; tries++) {
        int last = judge->n_ops < 30 ? judge->n_ops : 30;
        struct judge_op *op =
            judge->ops[judge->n_ops - 1 - (int)chance_below(chance, (uint32_t)last)];
        if (op->ns == client->ns && (op->client == client->number || chance_is(chance, 20)))
            return op;
    }
    return NULL;
}

static void undo(struct client *client, struct judge_op *op)
{
    client_say_op(client, op->granted_seq != 0 || op->token != 0 ? ASK_RELEASE : ASK_CANCEL, op);
}

static void more_or_less(struct client *client, struct chance *chance, struct judge_op *op)
{
    uint32_t keys = some_keys(client->world->plan, chance, 2);

    if (chance_is(chance, 50))
        client_say_keys(client, ASK_RELEASE, op, chance_is(chance, 70) ? op->x | op->s : keys, 0);
    else if (chance_is(chance, 60))
        client_say_keys(client, ASK_EXTEND, op, keys, 0);
    else
        client_say_keys(client, ASK_EXTEND, op, 0, keys);
}

/* The same again, as after a lost answer; what may be forgotten would be a new one. */
static void repeat(struct client *client, struct chance *chance, struct judge_op *op)
{
    bool forgets = client->world->plan->forgets;

    if (op->client != client->number || forgets)
        return;
    if (op->ticket != 0 && chance_is(chance, 30))
        client_say_other(client, op);
    else if (op->wait_ms != 0)
        client_say_submit(client, op, op->acquires);
}

static void do_something_with(struct client *client, struct chance *chance, struct judge_op *op)
{
    static const enum ask questions[] = {ASK_STATUS, ASK_WAIT};

    if (op->token != 0 && chance_is(chance, client->world->plan->more)) {
        more_or_less(client, chance, op);
        return;
    }
    switch (chance_below(chance, 12)) {
    case 0:
        client_say_op(client, questions[chance_below(chance, 2)], op);
        break;
    case 1:
        if (op->detached)
            client_say_op(client, ASK_CLAIM, op);
        break;
    case 2:
    case 3:
        if (op->token != 0)
            client_say_op(client, chance_is(chance, 80) ? ASK_RENEW : ASK_VERIFY, op);
        break;
    case 4:
        client_say_op(client, ASK_CANCEL, op);
        break;
    case 5:
    case 6:
        repeat(client, chance, op);
        break;
    default:
        undo(client, op);
    }
}

/* Mostly by who may. */
static void govern(struct client *client, struct chance *chance)
{
    struct judge_op *op = some_op(client, chance);
    uint32_t what = chance_below(chance, 10);

    if (what < 3)
        client_say_subscribe(client);
    else if (!client_is_admin(client) && chance_is(chance, 80))
        return;
    else if (what < 5)
        client_say_drain(client, chance_is(chance, 30));
    else if (op != NULL)
        client_say_op(client, ASK_KILL, op);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void do_something(struct client *client, struct chance *chance)
{
    struct judge_op *op = chance_is(chance, 60) ? some_op(client, chance) : NULL;

    if (chance_is(chance, client->world->plan->governing))
        govern(client, chance);
    else if (chance_is(chance, 4))
        client_say_list(client, chance_is(chance, 40));
    else if (chance_is(chance, 8))
        client_say(client, chance_is(chance, 80) ? ASK_PING : ASK_STATS);
    else if (chance_is(chance, 3))
        client_say_keys(client, ASK_CHECK, NULL, some_keys(client->world->plan, chance, 3), 0);
    else if (op != NULL)
        do_something_with(client, chance, op);
    else
        submit_new(client, chance);
}

/* Half of what is to be said, when it cannot be taken apart otherwise. */
static void say_hello(struct client *client, struct chance *chance)
{
    if (client->greets)
        client_say_hello(client, client->session != 0 && chance_is(chance, 3));
    client_flush(client);
}

static void act_connected(struct client *client, struct chance *chance, enum fault fault)
{
    int n = fault == FAULT_FLOOD ? 20 + (int)chance_below(chance, 200) : 1;

    while (n-- > 0)
        do_something(client, chance);
    if (fault == FAULT_GARBAGE) {
        client_say_garbage(client, chance);
        client->is_spoilt = true;
    }
    if (fault == FAULT_HALF && buf_size(&client->out) > 1)
        client_flush_some(client, 1 + chance_below(chance, (uint32_t)buf_size(&client->out) - 1));
    else
        client_flush(client);
}

void client_act(struct client *client, struct chance *chance)
{
    uint32_t think_ms = client->world->plan->think_ms;
    enum fault fault = client->next_fault;

    client->acts_ms = client->world->clock.real_ms + 1 + chance_below(chance, think_ms);
    client->next_fault = FAULT_NONE;
    if (client->link == NULL) {
        client_connect(client);
        if (client->link != NULL)
            say_hello(client, chance);
        return;
    }
    if (client->is_spoilt || (client->greets && !client->has_greeted && client->n_pending == 0)) {
        client_leave(client); /* or its hello was refused */
        return;
    }
    if (client->greets && !client->has_greeted)
        return;
    if (client->n_pending > PATIENCE) {
        client->acts_ms += chance_below(chance, 1000);
        return;
    }
    if (client->holds_back && chance_is(chance, 20)) {
        client_leave(client);
        return;
    }
    act_connected(client, chance, fault);
}

/* --- the end of a run ------------------------------------------------------------------------ */

static void undo_everything(struct client *client)
{
    const struct judge *judge = client->judge;

    for (int i = judge->n_ops; i-- > 0;) { /* children before their parents */
        struct judge_op *op = judge->ops[i];
        bool is_own = op->client == client->number;
        if (op->ns == client->ns && judge_is_live(op) && (is_own || op->detached))
            undo(client, op);
    }
}

static bool awaits_list(const struct client *client)
{
    for (int i = 0; i < CLIENT_PENDING_MAX; i++)
        if (client->pending[i].id != 0 && client->pending[i].what == ASK_LIST)
            return true;
    return false;
}

static bool is_anything_live(const struct client *client)
{
    const struct judge *judge = client->judge;

    for (int i = 0; i < judge->n_ops; i++)
        if (judge->ops[i]->ns == client->ns && judge_is_live(judge->ops[i]))
            return true;
    return false;
}

void client_tidy(struct client *client)
{
    client->acts_ms = client->world->clock.real_ms + TIDY_EVERY_MS;
    client->next_fault = FAULT_NONE;
    client_flush(client); /* the other half of something */
    if (client->link == NULL) {
        client_connect(client);
        if (client->link != NULL && client->greets)
            client_say_hello(client, false);
        client_flush(client);
        return;
    }
    if (client->is_spoilt || (client->greets && !client->has_greeted && client->n_pending == 0)) {
        client_leave(client);
        return;
    }
    if (!client->has_greeted || awaits_list(client))
        return;
    client->is_done = client->n_lists++ > 1 && !is_anything_live(client) && client->n_pending == 0;
    if (client->is_done)
        return;
    if (client_is_admin(client) && client->world->plan->governing > 0) {
        client_say_drain(client, false);
        client_say_subscribe(client);
    }
    if (client->n_lists > 1)
        undo_everything(client);
    client_say_list(client, client->judge->n_ops < SNAPSHOT_MAX);
    client_flush(client);
}
