#include "core/lease.h"

#include "core/turn.h"

static struct core_op *op_of_timer(struct timer *timer)
{
    return (struct core_op *)(void *)((char *)timer - offsetof(struct core_op, timer));
}

static int64_t after(int64_t from_ms, int64_t duration_ms)
{
    return duration_ms > CORE_FOREVER - from_ms ? CORE_FOREVER : from_ms + duration_ms;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

void lease_begin(struct core *core, struct core_op *op)
{
    op->granted_now_ms = op->lease_from_ms = op->hold_from_ms = core->now_ms;
    lease_set(core, op);
}

void lease_claim(struct core *core, struct core_op *op)
{
    if (op->op.payload.at != NULL)
        op->lease_from_ms = op->hold_from_ms = core->now_ms;
    lease_set(core, op);
}

bool lease_is_running(const struct op *op)
{
    return !op->detached || op->payload.at == NULL || op->claimed_by != 0;
}

static int64_t deadline_of(const struct core *core, const struct core_op *op)
{
    int64_t deadline_ms = CORE_FOREVER;

    if (op->op.state == OP_WAITING)
        return after(core->now_ms, op->op.wait_ms);
    if (op->op.detached && op->op.claimed_by == 0)
        deadline_ms = after(op->granted_now_ms, op->op.claim_in_ms);
    if (!lease_is_running(&op->op))
        return deadline_ms;
    if (op->op.detached && !op->op.tied)
        deadline_ms = earlier(deadline_ms, after(op->lease_from_ms, op->op.lease_ms));
    if (op->op.max_hold_ms > 0)
        deadline_ms = earlier(deadline_ms, after(op->hold_from_ms, op->op.max_hold_ms));
    return deadline_ms;
}

void lease_set(struct core *core, struct core_op *op)
{
    int64_t deadline_ms = deadline_of(core, op);
    bool is_armed = op->timer.place != 0;

    op->op.deadline_ms = deadline_ms;
    if (is_armed ? deadline_ms < op->timer.at : deadline_ms != CORE_FOREVER)
        timers_arm(&core->deadlines, &op->timer, deadline_ms);
}

void lease_drop(struct core *core, struct core_op *op)
{
    timers_disarm(&core->deadlines, &op->timer);
}

/* Takes out all that came up; puts back those whose deadline has moved on. */
static void gather_due(struct core *core, int64_t until_ms)
{
    struct timer *timer;

    while ((timer = timers_pop(&core->deadlines, until_ms)) != NULL) {
        struct core_op *op = op_of_timer(timer);
        if (op->op.deadline_ms <= until_ms)
            sort_list_add(&core->due, op->op.ticket, op);
        else if (op->op.deadline_ms != CORE_FOREVER)
            timers_arm(&core->deadlines, timer, op->op.deadline_ms);
    }
}

/* A deadline as an unsigned number of the same order. */
static uint64_t order_of(const struct core_op *op)
{
    return (uint64_t)op->op.deadline_ms + (1ULL << 63);
}

void lease_end_due(struct core *core, int64_t until_ms)
{
    struct sort_list *due = &core->due;

    gather_due(core, until_ms);
    sort_items(due->items, due->n);
    for (size_t i = 0; i < due->n; i++)
        due->items[i].by = order_of(due->items[i].of);
    sort_items(due->items, due->n); /* stable: equal deadlines stay in ticket order */
    for (size_t i = 0; i < due->n; i++) {
        struct core_op *op = due->items[i].of;
        if (op->op.state != OP_ENDED) /* it went with its parent */
            turn_end(core, op, op->op.state == OP_WAITING ? END_TIMEOUT : END_EXPIRED);
    }
    due->n = 0;
}
