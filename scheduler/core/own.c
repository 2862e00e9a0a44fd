/*
 * What the owner of an operation asks for: claim, renew, release, cancel. And kill, which is for
 * others.
 */
#include "core/own.h"

#include "core/exchange.h"
#include "core/lease.h"
#include "core/step.h"
#include "core/turn.h"

struct core_op *own_find(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_namespace *ns = namespace_find(&core->namespaces, event->ns);
    struct core_op *op = ns == NULL ? NULL : core_find_in(core, ns, event->op);

    if (op == NULL)
        out->status = LOCKQ_NOT_FOUND;
    else
        out->op = &op->op;
    return op;
}

static bool is_tied_to(const struct op *op, uint64_t session)
{
    return op->detached ? op->tied && session == op->claimed_by : session == op->session;
}

/* The token of one that was never granted is 0, so that no given token is right. */
enum lockq_status own_may(const struct op *op, uint64_t session, uint64_t token)
{
    if (token != 0)
        return token == op->token ? LOCKQ_OK : LOCKQ_WRONG_TOKEN;
    return is_tied_to(op, session) ? LOCKQ_OK : LOCKQ_NOT_OWNER;
}

/* Gives back all of it. */
static void release(struct core *core, struct core_op *op, const struct event *event,
                    struct outcome *out)
{
    if (op->op.n_children > 0) {
        out->status = LOCKQ_CHILDREN_ACTIVE;
        return;
    }
    op_set_text(&core->ops, &op->op.outcome, event->outcome);
    if (event->unchanged)
        turn_end_unchanged(core, op, END_RELEASED);
    else
        turn_end(core, op, END_RELEASED);
}

void step_release(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = own_find(core, event, out);

    if (op == NULL || (out->status = own_may(&op->op, event->session, event->token)) != LOCKQ_OK)
        return;
    if (op->op.state != OP_GRANTED) {
        out->repeated = op->op.end == END_RELEASED;
        out->status = out->repeated ? LOCKQ_OK : LOCKQ_NOT_GRANTED;
    } else if (event->n_keys == 0) {
        release(core, op, event, out);
    } else {
        uint32_t n_given = exchange_mark_given(core, op, event->keys, event->n_keys);
        if (n_given == op->n_named)
            release(core, op, event, out);
        else if (n_given == 0)
            out->repeated = true;
        else
            exchange_give_back(core, op, !event->unchanged);
    }
}

void step_cancel(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = own_find(core, event, out);

    if (op == NULL)
        return;
    if (!op->op.detached && event->session != op->op.session) {
        out->status = LOCKQ_NOT_OWNER;
    } else if (op->op.state == OP_WAITING) {
        op_set_text(&core->ops, &op->op.why_ended, event->reason);
        turn_end(core, op, END_CANCELLED);
    } else if (op->op.end == END_CANCELLED) {
        out->repeated = true;
    } else {
        out->status = LOCKQ_NOT_WAITING;
    }
}

void step_kill(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = own_find(core, event, out);

    if (op == NULL)
        return;
    if (op->op.state != OP_ENDED) {
        op_set_text(&core->ops, &op->op.why_ended, event->reason);
        turn_end(core, op, END_KILLED);
    } else if (op->op.end == END_KILLED) {
        out->repeated = true;
    } else {
        out->status = LOCKQ_NOT_GRANTED;
    }
}

static enum lockq_status may_claim(const struct op *op, const struct event *event)
{
    if (!op->detached)
        return LOCKQ_NOT_OWNER;
    if (op->state != OP_GRANTED)
        return LOCKQ_NOT_GRANTED;
    if (op->claimed_by != 0 && op->claimed_by != event->session)
        return LOCKQ_ALREADY_CLAIMED;
    return LOCKQ_OK;
}

void step_claim(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = own_find(core, event, out);

    if (op == NULL || (out->status = may_claim(&op->op, event)) != LOCKQ_OK)
        return;
    if (op->op.claimed_by != 0 && (op->op.tied || !event->tie)) {
        out->repeated = true;
        return;
    }
    if (op->op.claimed_by == 0) {
        op->op.claimed_by = event->session;
        owner_on_claimed(&core->owners, op);
        lease_claim(core, op);
    }
    if (event->tie) {
        op->op.tied = true;
        owner_on_tied(&core->owners, op);
        lease_set(core, op);
    }
    effect_add_change(core, EFFECT_CHANGED, op);
}

static enum lockq_status may_renew(const struct op *op, const struct event *event)
{
    enum lockq_status status = own_may(op, event->session, event->token);

    if (status != LOCKQ_OK)
        return status;
    if (op->state != OP_GRANTED)
        return LOCKQ_NOT_GRANTED;
    /* One that is tied has no lease; saying yes would promise that it outlives its session. */
    return (op->detached && !op->tied) || event->lease_ms < 0 ? LOCKQ_OK : LOCKQ_BAD_REQUEST;
}

void step_renew(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = own_find(core, event, out);

    if (op == NULL || (out->status = may_renew(&op->op, event)) != LOCKQ_OK)
        return;
    if (event->progress.at != NULL)
        op_set_text(&core->ops, &op->op.progress, event->progress);
    if (event->lease_ms >= 0)
        op->op.lease_ms = event->lease_ms;
    if (lease_is_running(&op->op))
        op->lease_from_ms = core->now_ms;
    lease_set(core, op);
    out->contended = core_contended(core, &op->op);
    effect_add_change(core, EFFECT_CHANGED, op);
}

void step_session_end(struct core *core, const struct event *event, struct outcome *out)
{
    const struct owner *owner = owner_find(&core->owners, event->session);
    struct sort_list *due = &core->due;

    (void)out;
    if (owner == NULL)
        return;
    LIST_EACH (&owner->tied, link) {
        struct core_op *op = LIST_ENTRY(link, struct core_op, tied);
        sort_list_add(due, op->op.ticket, op);
    }
    sort_items(due->items, due->n);
    for (size_t i = 0; i < due->n; i++) {
        struct core_op *op = due->items[i].of;
        if (op->op.state != OP_ENDED) /* it went with its parent */
            turn_end(core, op, END_LOST);
    }
    due->n = 0;
}

void step_tick(struct core *core, const struct event *event, struct outcome *out)
{
    (void)out;
    lease_end_due(core, event->until_ms);
}
