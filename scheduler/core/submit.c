/*
 * Submit: the whole set enters the line in one step, or nothing of it stays.
 */
#include <assert.h>

#include "core/ahead.h"
#include "core/blocked.h"
#include "core/content.h"
#include "core/deadlock.h"
#include "core/family.h"
#include "core/passing.h"
#include "core/queue.h"
#include "core/step.h"
#include "core/turn.h"

#define DIGITS_MAX 20 /* of a ticket */

/* The ticket as an id. */
static struct slice digits(uint64_t ticket, char *room)
{
    char *at = room + DIGITS_MAX;

    do
        *--at = (char)('0' + ticket % 10);
    while ((ticket /= 10) > 0);
    return (struct slice){at, (uint32_t)(room + DIGITS_MAX - at)};
}

static enum lockq_status repeat(const struct event *event, const struct core_op *known,
                                const struct content *content)
{
    const struct op *op = &known->op;

    if (memcmp(op->content, content->hash, sizeof op->content) != 0)
        return LOCKQ_OP_REUSED;
    if (!op->detached && op->session != event->session)
        return LOCKQ_NOT_OWNER;
    return LOCKQ_OK;
}

/* How many live operations a session submitted; it need not be looked up while all together are
 * below the limit. */
static uint64_t live_of_session(const struct core *core, uint64_t session, uint64_t live)
{
    const struct owner *owner;

    if (live < core->limits.live_ops_per_session)
        return live;
    owner = owner_find(&core->owners, session);
    return owner == NULL ? 0 : owner->n_submitted;
}

/* Before anything is touched. */
static bool is_full(const struct core *core, const struct event *event,
                    const struct core_namespace *ns, struct outcome *out)
{
    const struct core_limits *limits = &core->limits;
    uint64_t live = core->n_waiting + core->n_granted;
    uint64_t namespaces = core->namespaces.n_live + (ns == NULL || ns->n_live == 0);
    uint64_t bytes = core->live_bytes + event->meta.n + event->payload.n;

    return step_is_over(out, "live_ops", limits->live_ops, live + 1) ||
           step_is_over(out, "live_ops_per_session", limits->live_ops_per_session,
                        live_of_session(core, event->session, live) + 1) ||
           step_is_over(out, "namespaces", limits->namespaces, namespaces) ||
           step_is_over(out, "live_bytes", limits->live_bytes, bytes) ||
           step_is_over(out, "live_claims", limits->live_claims, core->n_claims + event->n_keys);
}

/* --- the steps of a submit ----------------------------------------------------------------- */

struct attempt {
    const struct event *event;
    struct core_namespace *ns; /* NULL: nothing is in it yet */
    struct core_op *parent;    /* NULL: none */
    struct slice id;
    uint32_t id_hash;
    struct content content; /* zero if the core gives the id: nobody can ask for it again */
    char digits[DIGITS_MAX];
};

/* Hashes the id; where it belongs in the table is fetched while other things are done. */
static void hash_id(const struct core *core, struct attempt *attempt)
{
    attempt->id_hash = namespace_hash(attempt->ns, attempt->id);
    __builtin_prefetch(table_bucket(&core->ops.by_id, attempt->id_hash), 1);
}

/* The operation that has this id already; NULL: none. */
static struct core_op *find_known(struct core *core, struct attempt *attempt)
{
    if (attempt->event->op.n == 0)
        return NULL;
    attempt->content = content_of(core, attempt->event);
    if (attempt->ns == NULL)
        return NULL;
    return ops_find(&core->ops, attempt->ns, attempt->id, attempt->id_hash);
}

static struct core_op *add(struct core *core, const struct attempt *attempt)
{
    const struct event *event = attempt->event;
    struct core_op *op =
        ops_add(&core->ops, attempt->ns, attempt->id, attempt->id_hash, event->who, event->why);

    op->op.ticket = ++core->ticket;
    op->op.session = event->session;
    op->op.parent = attempt->parent == NULL ? NULL : &attempt->parent->op;
    op->op.detached = event->detached;
    op->op.max_hold_ms = event->max_hold_ms;
    op->op.on_change = event->on_change;
    op->op.unchanged_since = event->unchanged_since;
    op->op.wait_ms = event->wait_ms;
    op->op.lease_ms = event->detached ? event->lease_ms : CORE_FOREVER;
    op->op.claim_in_ms = event->detached ? event->claim_in_ms : CORE_FOREVER;
    op->op.deadline_ms = CORE_FOREVER;
    op->op.submitted_ms = core->wall_ms;
    op->op.content[0] = attempt->content.hash[0];
    op->op.content[1] = attempt->content.hash[1];
    draft_keep(core, op, event->meta, event->payload);
    return op;
}

/* Nothing of it stays but that it is counted. */
static void leave_out(struct core *core, struct outcome *out, enum op_end how)
{
    out->end = how;
    core->n_ended[how]++;
}

/* Marks what is blocked among the drafted claims. Returns false when it cannot be taken: a limit,
 * or somebody is before it and it would not wait, or wait for itself. */
static bool may_enter(struct core *core, const struct attempt *attempt, struct outcome *out)
{
    const struct event *event = attempt->event;
    struct draft *draft = &core->draft;
    struct newcomer newcomer = {attempt->parent, attempt->parent == NULL && !event->passes};

    if (step_is_over(out, "live_claims", core->limits.live_claims,
                     core->n_claims + draft->n_claims))
        return false;
    draft->n_blocked = blocked_mark(core, draft->claims, draft->n_claims, newcomer);
    if (event->passes && draft->n_blocked == 0 && !passing_may(core)) {
        newcomer.heeds_waiting = true;
        draft->n_blocked = blocked_mark(core, draft->claims, draft->n_claims, newcomer);
    }
    if (draft->n_blocked == 0)
        return true;
    if (event->wait_ms == 0) {
        leave_out(core, out, END_REFUSED);
        ahead_of_draft(core, newcomer, &out->ahead);
    } else if (attempt->parent != NULL && deadlock_find(core, attempt->parent, &out->ahead)) {
        leave_out(core, out, END_DEADLOCK);
    } else {
        return true;
    }
    return false;
}

/* Asked before it stands anywhere. */
static bool is_stale(struct core *core, const struct attempt *attempt, struct outcome *out)
{
    const struct event *event = attempt->event;

    if (event->on_change == CHANGE_IGNORED)
        return false;
    out->n_changes = revisions_changes(core, attempt->ns, event->keys, event->n_keys,
                                       event->unchanged_since, out->changes);
    if (out->n_changes == 0 || event->on_change == CHANGE_TOLD)
        return false;
    leave_out(core, out, END_STALE);
    return true;
}

/* A new operation: into the line, or back to where everything was. */
static void enter(struct core *core, struct attempt *attempt, struct outcome *out)
{
    const struct event *event = attempt->event;
    struct core_op *op;

    if (is_stale(core, attempt, out))
        return;
    if (attempt->ns == NULL) {
        attempt->ns = namespace_add(&core->namespaces, event->ns);
        hash_id(core, attempt);
    }
    draft_claims(core, attempt->ns, event->keys, event->n_keys);
    if (!may_enter(core, attempt, out)) {
        draft_drop(core);
        namespace_drop_unused(&core->namespaces, attempt->ns);
        return;
    }
    if (event->passes)
        passing_note(core);
    op = add(core, attempt);
    if (op->n_blocked == 0 && out->n_changes > 0)
        op_set_changes(&core->ops, op, out->changes, out->n_changes);
    turn_submit(core, op, event->passes);
    out->op = &op->op;
}

void step_submit(struct core *core, const struct event *event, struct outcome *out)
{
    struct attempt attempt = {.event = event};
    struct core_op *known;

    assert(event->n_keys > 0);
    assert(!event->passes || event->wait_ms == 0);
    attempt.ns = namespace_find(&core->namespaces, event->ns);
    attempt.id = event->op.n > 0 ? event->op : digits(core->ticket + 1, attempt.digits);
    if (attempt.ns != NULL)
        hash_id(core, &attempt);
    known = find_known(core, &attempt);
    if (known != NULL) {
        out->status = repeat(event, known, &attempt.content);
        out->op = &known->op;
        out->repeated = out->status == LOCKQ_OK;
    } else if (!is_full(core, event, attempt.ns, out) &&
               family_find_parent(core, attempt.ns, event, &attempt.parent, out)) {
        enter(core, &attempt, out);
    }
}
