#include "core/turn.h"

#include "core/lease.h"
#include "core/queue.h"

/* What a live operation counts for, and no more when it ends. */
static void count_in(struct core *core, struct core_op *op)
{
    if (op->op.state == OP_WAITING) {
        core->n_waiting++;
        op->op.ns->n_waiting++;
    } else {
        core->n_granted++;
    }
    core->n_claims += op->n_claims;
    core->live_bytes += op->op.meta.n + op->op.payload.n;
    namespace_on_live(&core->namespaces, op->op.ns);
    owner_on_live(&core->owners, op);
}

static void count_out(struct core *core, struct core_op *op)
{
    if (op->op.state == OP_WAITING) {
        core->n_waiting--;
        op->op.ns->n_waiting--;
    } else {
        core->n_granted--;
    }
    core->n_claims -= op->n_claims;
    core->live_bytes -= op->op.meta.n + op->op.payload.n;
    namespace_on_ended(&core->namespaces, op->op.ns);
    owner_on_ended(&core->owners, op);
}

void turn_add(struct core *core, struct core_op *op)
{
    roll_add(&core->roll, op->op.ticket, op->number);
    op->op.ns->n_ops++;
    if (op->op.state != OP_ENDED)
        count_in(core, op);
}

void turn_note_ready(struct core *core, struct core_op *op)
{
    sort_list_add(&core->ready, op->op.ticket, op);
}

static uint64_t next_token(struct core *core)
{
    if (core->n_tokens + 1 == CORE_TOKENS_AN_EPOCH) {
        core->epoch++;
        core->n_tokens = 0;
    }
    return core->epoch * CORE_TOKENS_AN_EPOCH + ++core->n_tokens;
}

/* Its claims hold already. */
static void grant(struct core *core, struct core_op *op)
{
    op->op.state = OP_GRANTED;
    op->op.token = next_token(core);
    op->op.granted_ms = core->wall_ms;
    op->granted_now_ms = op->lease_from_ms = core->now_ms;
    lease_set(core, op);
    core->n_waiting--;
    op->op.ns->n_waiting--;
    core->n_granted++;
    core->n_grants++;
    effect_add_change(core, EFFECT_GRANTED, op);
}

void turn_submit(struct core *core, struct core_op *op)
{
    turn_add(core, op);
    core->n_submitted++;
    effect_add_change(core, EFFECT_SUBMITTED, op);
    if (op->n_blocked == 0) {
        queue_hold(core, op);
        grant(core, op);
    } else {
        queue_wait(core, op);
        lease_set(core, op);
    }
}

void turn_end(struct core *core, struct core_op *op, enum op_end how)
{
    queue_leave(core, op);
    count_out(core, op);
    lease_drop(core, op);
    op_drop_load(&core->ops, op);
    op->op.state = OP_ENDED;
    op->op.end = how;
    op->op.ended_ms = core->wall_ms;
    op->op.deadline_ms = CORE_FOREVER;
    core->n_ended[how]++;
    history_add(&core->history, op->number);
    effect_add_change(core, EFFECT_ENDED, op);
}

void turn_settle(struct core *core)
{
    sort_items(core->ready.items, core->ready.n);
    for (size_t i = 0; i < core->ready.n; i++) {
        struct core_op *op = core->ready.items[i].of;
        if (op->op.state != OP_WAITING)
            continue; /* it ended in this very step */
        queue_grant(core, op);
        grant(core, op);
    }
    core->ready.n = 0;
}
