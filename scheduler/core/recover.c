/*
 * Recovery: operations as they were stored, back into the queues.
 *
 * The queues are a pure function of the live operations. Those that are granted hold as soon as
 * they come; those that wait stand in line only when all holders are there, in ticket order, since
 * a waiting operation may have a lower ticket than one that holds.
 */
#include "core/blocked.h"
#include "core/lease.h"
#include "core/queue.h"
#include "core/step.h"
#include "core/turn.h"

/* A parent came before its child and ends after it, so it is never forgotten before it. */
static bool is_plausible_child(const struct op *from)
{
    const struct op *parent = from->parent;

    if (from->state != OP_ENDED)
        return parent->state == OP_GRANTED;
    return parent->state == OP_GRANTED || (parent->state == OP_ENDED && from->seq < parent->seq);
}

/* What is stored was given out by this core's predecessors, in this order. */
static bool is_plausible(const struct core *core, const struct op *from, uint32_t n_keys)
{
    const struct roll *roll = &core->roll;
    bool has_token = from->token != 0;

    if (from->ticket == 0 || from->ticket > core->ticket || from->seq > core->seq)
        return false;
    if (roll->n > 0 && from->ticket <= roll->entries[roll->n - 1].ticket)
        return false;
    if (has_token && from->token >= core->epoch * CORE_TOKENS_AN_EPOCH)
        return false;
    if (from->parent != NULL && (!is_plausible_child(from) || from->n_passed > 0))
        return false;
    if (from->n_passed > CORE_PASSED_MAX)
        return false;
    if (from->state == OP_WAITING && from->n_changed > 0)
        return false; /* it is told at its turn */
    if (from->state == OP_ENDED)
        return n_keys == 0 && from->end != END_NONE;
    return n_keys > 0 && from->end == END_NONE && has_token == (from->state == OP_GRANTED);
}

static void copy_texts(struct core *core, struct core_op *op, const struct op *from)
{
    op->op.progress = op->op.outcome = op->op.why_ended = (struct slice){NULL, 0};
    op_set_text(&core->ops, &op->op.progress, from->progress);
    op_set_text(&core->ops, &op->op.outcome, from->outcome);
    op_set_text(&core->ops, &op->op.why_ended, from->why_ended);
}

static struct core_op *copy(struct core *core, struct core_namespace *ns, const struct op *from)
{
    struct core_op *op =
        ops_add(&core->ops, ns, from->id, namespace_hash(ns, from->id), from->who, from->why);
    struct op own = op->op;

    op->op = *from;
    op->op.ns = ns;
    op->op.id = own.id;
    op->op.who = own.who;
    op->op.why = own.why;
    op->op.meta = op->op.payload = (struct slice){NULL, 0};
    op->op.n_keys = op->op.n_shared = 0;
    op->op.deadline_ms = CORE_FOREVER;
    op->op.n_children = 0;
    memset(&op->op.driver, 0, sizeof op->op.driver);
    op->op.driver.row_hash = from->driver.row_hash;
    op->op.changed = NULL;
    op->op.n_changed = 0;
    op_set_changes(&core->ops, op, from->changed, from->n_changed);
    copy_texts(core, op, from);
    return op;
}

static struct core_op *parent_of(const struct core_op *op)
{
    return op->op.parent == NULL ? NULL : op_of(op->op.parent);
}

/* Returns false when a granted operation collides with another. */
static bool enter(struct core *core, struct core_op *op, const struct op *from,
                  const struct core_key *keys, uint32_t n_keys)
{
    draft_claims(core, op->op.ns, keys, n_keys);
    if (from->state == OP_GRANTED)
        core->draft.n_blocked = blocked_mark(core, core->draft.claims, core->draft.n_claims,
                                             (struct newcomer){parent_of(op), false});
    draft_keep(core, op, from->meta, from->payload);
    if (op->n_blocked > 0)
        return false;
    if (from->state == OP_GRANTED)
        queue_hold(core, op);
    lease_begin(core, op);
    return true;
}

struct op *core_recover_op(struct core *core, struct slice ns, const struct op *from,
                           const struct core_key *keys, uint32_t n_keys, int64_t now_ms)
{
    struct core_namespace *in = namespace_find(&core->namespaces, ns);
    struct core_op *op;

    if (!is_plausible(core, from, n_keys) ||
        (in != NULL && core_find_in(core, in, from->id) != NULL))
        return NULL;
    core->now_ms = now_ms;
    op = copy(core, in != NULL ? in : namespace_add(&core->namespaces, ns), from);
    if (from->state != OP_ENDED && !enter(core, op, from, keys, n_keys))
        return NULL;
    turn_add(core, op);
    return &op->op;
}

/* --- finish -------------------------------------------------------------------------------- */

static struct core_op *next_by_ticket(struct core *core, const struct core_op *op)
{
    uint32_t number = roll_next(&core->roll, op == NULL ? 0 : op->op.ticket);
    return number == 0 ? NULL : op_at(&core->ops, number);
}

/* Holders came by ticket; they stand by token. Returns false when two have the same one. */
static bool order_holders(struct core *core)
{
    struct sort_list granted = {0};
    bool are_distinct = true;

    for (struct core_op *op = NULL; (op = next_by_ticket(core, op)) != NULL;)
        if (op->op.state == OP_GRANTED)
            sort_list_add(&granted, op->op.token, op);
    sort_items(granted.items, granted.n);
    for (size_t i = 1; i < granted.n; i++)
        are_distinct = are_distinct && granted.items[i - 1].by != granted.items[i].by;
    for (size_t i = 0; i < granted.n; i++)
        queue_hold_last(core, granted.items[i].of);
    sort_list_finish(&granted);
    return are_distinct;
}

static void enter_waiting(struct core *core, bool are_children)
{
    for (struct core_op *op = NULL; (op = next_by_ticket(core, op)) != NULL;) {
        if (op->op.state != OP_WAITING || (op->op.parent != NULL) != are_children)
            continue;
        op->n_blocked = blocked_mark(core, op->claims, op->n_claims,
                                     (struct newcomer){parent_of(op), !are_children});
        queue_wait(core, op);
        if (op->n_blocked == 0)
            turn_note_ready(core, op);
    }
}

/* History is in the order of ends, which is that of their seqs. */
static void remember_ended(struct core *core)
{
    struct sort_list ended = {0};

    for (struct core_op *op = NULL; (op = next_by_ticket(core, op)) != NULL;)
        if (op->op.state == OP_ENDED)
            sort_list_add(&ended, op->op.seq, op);
    sort_items(ended.items, ended.n);
    for (size_t i = 0; i < ended.n; i++)
        history_add(&core->history, ((struct core_op *)ended.items[i].of)->number);
    sort_list_finish(&ended);
}

void core_recover_lost(struct core *core, const struct op *op)
{
    sort_list_add(&core->due, op->ticket, op_of(op));
}

static void end_lost(struct core *core)
{
    for (size_t i = 0; i < core->due.n; i++) {
        struct core_op *op = core->due.items[i].of;
        if (op->op.state != OP_ENDED) /* it went with its parent */
            turn_end(core, op, END_LOST);
    }
    core->due.n = 0;
}

bool core_recover_finish(struct core *core, int64_t now_ms, uint64_t wall_ms, struct outcome *out)
{
    step_begin(core, now_ms, wall_ms, out);
    if (!order_holders(core))
        return false;
    enter_waiting(core, true);
    enter_waiting(core, false);
    remember_ended(core);
    end_lost(core);
    step_end(core, out);
    return true;
}
