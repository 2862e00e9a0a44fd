#include "core/turn.h"

#include <assert.h>

#include "core/contended.h"
#include "core/family.h"
#include "core/lease.h"
#include "core/named.h"
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
    family_on_live(op);
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
    family_on_ended(op);
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
    lease_begin(core, op);
    core->n_waiting--;
    op->op.ns->n_waiting--;
    core->n_granted++;
    core->n_grants++;
    effect_add_change(core, EFFECT_GRANTED, op);
}

void turn_submit(struct core *core, struct core_op *op, bool passes)
{
    turn_add(core, op);
    core->n_submitted++;
    effect_add_change(core, EFFECT_SUBMITTED, op);
    if (op->n_blocked == 0) {
        queue_hold(core, op);
        if (passes || op->op.parent != NULL)
            queue_block_others(core, op);
        grant(core, op);
    } else {
        queue_wait(core, op);
        if (op->op.parent != NULL)
            queue_block_others(core, op);
        lease_set(core, op);
        contended_by(core, op);
    }
}

/* --- the end -------------------------------------------------------------------------------- */

static void end(struct core *core, struct core_op *op, enum op_end how, bool unchanged)
{
    if (op->op.state == OP_GRANTED && !unchanged && op->op.n_keys > 0)
        revisions_note(core, op, core->seq + 1, false);
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

static void end_family(struct core *core, struct core_op *op, enum op_end how)
{
    struct sort_list *below = &core->family;

    family_descendants(op, below);
    while (below->n > 0)
        end(core, below->items[--below->n].of, how, false);
}

void turn_end(struct core *core, struct core_op *op, enum op_end how)
{
    if (op->op.n_children > 0)
        end_family(core, op, how);
    end(core, op, how, false);
}

void turn_end_unchanged(struct core *core, struct core_op *op, enum op_end how)
{
    assert(op->op.n_children == 0);
    end(core, op, how, true);
}

/* --- the end of a step ---------------------------------------------------------------------- */

/* Whether its keys changed since the seq that it named; then it is told which. */
static bool has_changed(struct core *core, struct core_op *op)
{
    struct core_change changes[CORE_CHANGES_SHOWN];
    uint32_t n = 0;

    for (uint32_t i = 0; i < op->n_named && n < CORE_CHANGES_SHOWN; i++)
        n += revisions_changed(core, op->op.ns, named_path(core, op, i), op->op.unchanged_since,
                               &changes[n]);
    op_set_changes(&core->ops, op, changes, n);
    return n > 0;
}

/* Who ends here may make others ready, at the end of the list. */
static void end_stale(struct core *core)
{
    for (size_t i = 0; i < core->ready.n; i++) {
        struct core_op *op = core->ready.items[i].of;
        if (op->op.state == OP_WAITING && op->op.on_change != CHANGE_IGNORED &&
            has_changed(core, op) && op->op.on_change == CHANGE_ENDS)
            turn_end(core, op, END_STALE);
    }
}

void turn_settle(struct core *core)
{
    sort_items(core->ready.items, core->ready.n);
    end_stale(core);
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
