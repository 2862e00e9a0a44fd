/*
 * Submit: the whole set enters the line in one step, or nothing of it stays.
 */
#include <assert.h>

#include "core/ahead.h"
#include "core/content.h"
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

    if (op->content[0] != content->hash[0] || op->content[1] != content->hash[1])
        return LOCKQ_OP_REUSED;
    if (!op->detached && op->session != event->session)
        return LOCKQ_NOT_OWNER;
    return LOCKQ_OK;
}

static bool is_over(struct outcome *out, const char *name, uint64_t limit, uint64_t value)
{
    if (value <= limit)
        return false;
    out->status = LOCKQ_OVER_LIMIT;
    out->limit = name;
    out->limit_value = limit;
    return true;
}

/* Before anything is touched. */
static bool is_full(const struct core *core, const struct event *event,
                    const struct core_namespace *ns, struct outcome *out)
{
    const struct core_limits *limits = &core->limits;
    const struct owner *owner = owner_find(&core->owners, event->session);
    uint64_t live = core->n_waiting + core->n_granted;
    uint64_t of_session = owner == NULL ? 0 : owner->n_submitted;
    uint64_t namespaces = core->namespaces.n_live + (ns == NULL || ns->n_live == 0);
    uint64_t bytes = core->live_bytes + event->meta.n + event->payload.n;

    return is_over(out, "live_ops", limits->live_ops, live + 1) ||
           is_over(out, "live_ops_per_session", limits->live_ops_per_session, of_session + 1) ||
           is_over(out, "namespaces", limits->namespaces, namespaces) ||
           is_over(out, "live_bytes", limits->live_bytes, bytes) ||
           is_over(out, "live_claims", limits->live_claims, core->n_claims + event->n_keys);
}

/* Now that its claims are known: whether it cannot be taken. */
static bool is_turned_away(struct core *core, const struct event *event, struct outcome *out)
{
    const struct draft *draft = &core->draft;

    if (is_over(out, "live_claims", core->limits.live_claims, core->n_claims + draft->n_claims))
        return true;
    if (event->wait_ms > 0 || draft->n_blocked == 0)
        return false;
    ahead_walk(core, draft->claims, draft->n_named, UINT64_MAX, &out->ahead);
    core->n_refused++;
    return true;
}

static struct core_op *add(struct core *core, const struct event *event, struct core_namespace *ns,
                           const struct content *content)
{
    char room[DIGITS_MAX];
    uint64_t ticket = ++core->ticket;
    struct slice id = event->op.n > 0 ? event->op : digits(ticket, room);
    struct core_op *op = ops_add(&core->ops, ns, id, event->who, event->why);

    op->op.ticket = ticket;
    op->op.session = event->session;
    op->op.detached = event->detached;
    op->op.wait_ms = event->wait_ms;
    op->op.lease_ms = event->detached ? event->lease_ms : CORE_FOREVER;
    op->op.claim_in_ms = event->detached ? event->claim_in_ms : CORE_FOREVER;
    op->op.deadline_ms = CORE_FOREVER;
    op->op.submitted_ms = core->wall_ms;
    op->op.content[0] = content->hash[0];
    op->op.content[1] = content->hash[1];
    return op;
}

/* Makes the drafted operation a live one. */
static struct core_op *enter(struct core *core, const struct event *event,
                             struct core_namespace *ns, const struct content *content)
{
    struct core_op *op = add(core, event, ns, content);

    draft_keep(core, op, event->meta, event->payload);
    turn_submit(core, op);
    return op;
}

void step_submit(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_namespace *ns = namespace_find(&core->namespaces, event->ns);
    struct content content = {0};
    struct core_op *known;

    assert(event->n_keys > 0);
    /* An id that the core gives cannot be asked for again, so nobody would compare. */
    if (event->op.n > 0)
        content = content_of(core, event);
    known = ns == NULL || event->op.n == 0 ? NULL : ops_find(&core->ops, ns, event->op);
    if (known != NULL) {
        out->status = repeat(event, known, &content);
        out->op = &known->op;
        out->repeated = out->status == LOCKQ_OK;
        return;
    }
    if (is_full(core, event, ns, out))
        return;
    if (ns == NULL)
        ns = namespace_add(&core->namespaces, event->ns);
    draft_claims(core, ns, event->keys, event->n_keys);
    core->draft.n_blocked =
        queue_mark_blocked(core, core->draft.claims, core->draft.n_claims, true);
    if (is_turned_away(core, event, out)) {
        draft_drop(core);
        namespace_drop_unused(&core->namespaces, ns);
        return;
    }
    out->op = &enter(core, event, ns, &content)->op;
}
