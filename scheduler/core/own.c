/*
 * What the owner of an operation asks for: claim, renew, release, cancel.
 */
#include "core/lease.h"
#include "core/step.h"
#include "core/turn.h"

static struct core_op *find(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_namespace *ns = namespace_find(&core->namespaces, event->ns);
    struct core_op *op = ns == NULL ? NULL : core_find_in(core, ns, event->op);

    if (op == NULL)
        out->status = LOCKQ_NOT_FOUND;
    else
        out->op = &op->op;
    return op;
}

/* A token, when given, decides alone; without one only the session that the operation is tied to
 * may. The token of one that was never granted is 0, so that no given token is right. */
static enum lockq_status who_may(const struct op *op, const struct event *event)
{
    if (event->token != 0)
        return event->token == op->token ? LOCKQ_OK : LOCKQ_WRONG_TOKEN;
    return !op->detached && event->session == op->session ? LOCKQ_OK : LOCKQ_NOT_OWNER;
}

void step_release(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = find(core, event, out);

    if (op == NULL || (out->status = who_may(&op->op, event)) != LOCKQ_OK)
        return;
    if (op->op.state == OP_GRANTED) {
        op_set_text(&core->ops, &op->op.outcome, event->outcome);
        turn_end(core, op, END_RELEASED);
    } else if (op->op.end == END_RELEASED) {
        out->repeated = true;
    } else {
        out->status = LOCKQ_NOT_GRANTED;
    }
}

void step_cancel(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = find(core, event, out);

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
    struct core_op *op = find(core, event, out);

    if (op == NULL || (out->status = may_claim(&op->op, event)) != LOCKQ_OK)
        return;
    if (op->op.claimed_by != 0) {
        out->repeated = true;
        return;
    }
    if (!lease_is_running(&op->op))
        op->lease_from_ms = core->now_ms;
    op->op.claimed_by = event->session;
    owner_on_claimed(&core->owners, op);
    lease_set(core, op);
    effect_add_change(core, EFFECT_CHANGED, op);
}

static enum lockq_status may_renew(const struct op *op, const struct event *event)
{
    enum lockq_status status = who_may(op, event);

    if (status != LOCKQ_OK)
        return status;
    if (op->state != OP_GRANTED)
        return LOCKQ_NOT_GRANTED;
    /* One that is tied has no lease; saying yes would promise that it outlives its session. */
    return op->detached || event->lease_ms < 0 ? LOCKQ_OK : LOCKQ_BAD_REQUEST;
}

void step_renew(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = find(core, event, out);

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
    struct owner *owner;
    struct list *first;

    (void)out;
    /* With its last operation the owner is gone, so it is found anew each time. */
    while ((owner = owner_find(&core->owners, event->session)) != NULL &&
           (first = list_first(&owner->tied)) != NULL)
        turn_end(core, LIST_ENTRY(first, struct core_op, tied), END_LOST);
}

void step_tick(struct core *core, const struct event *event, struct outcome *out)
{
    (void)out;
    lease_end_due(core, event->until_ms);
}
