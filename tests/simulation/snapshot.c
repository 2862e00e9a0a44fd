#include "snapshot.h"

#include <inttypes.h>

static void check_holders(struct judge *judge, const struct snapshot_row *a,
                          const struct snapshot_row *b)
{
    if (paths_conflict(a->x, a->s, b->x, b->s) && !judge_are_family(a->op, b->op))
        judge_object(judge, "%s and %s are granted at the same time", a->op->id, b->op->id);
}

/* Whether the second keeps the first waiting. */
static bool is_reason(const struct snapshot_row *row, const struct snapshot_row *other)
{
    if (other == row || other->state == JUDGE_ENDED || judge_is_above(other->op, row->op) ||
        !paths_conflict(row->x, row->s, other->x, other->s))
        return false;
    if (other->state == JUDGE_GRANTED)
        return true;
    if ((row->op->parent == NULL) == (other->op->parent == NULL))
        return other->ticket < row->ticket;
    return row->op->parent == NULL; /* it waits for children */
}

static void check_row(struct judge *judge, const struct snapshot *snapshot, int place)
{
    const struct snapshot_row *row = &snapshot->rows[place];
    uint64_t ahead = 0;

    if (place > 0 && row->ticket <= snapshot->rows[place - 1].ticket)
        judge_object(judge, "%s stands behind a higher ticket in a list", row->op->id);
    if (row->state == JUDGE_ENDED)
        return;
    if (row->op->is_forgotten && snapshot->asked_ms > row->op->forgotten_ms)
        judge_object(judge, "%s was in no list, and is in one again", row->op->id);
    if (!row->op->extend_asked && snapshot->asked_ms > row->op->returned_ms &&
        ((row->x | row->s) & row->op->returned) != 0)
        judge_object(judge, "%s still has keys that it gave back", row->op->id);
    if ((row->x | row->s) == 0)
        judge_object(judge, "%s is live and has no keys", row->op->id);
    for (int i = 0; i < snapshot->n; i++) {
        const struct snapshot_row *other = &snapshot->rows[i];
        if (row->state == JUDGE_GRANTED && i < place && other->state == JUDGE_GRANTED)
            check_holders(judge, row, other);
        if (row->state == JUDGE_WAITING)
            ahead += is_reason(row, other);
    }
    if (row->state == JUDGE_WAITING &&
        (row->has_more_ahead ? ahead < row->ahead : ahead != row->ahead))
        judge_object(judge, "%s (ticket %" PRIu64 "): %" PRIu64 " ahead of it, it says %" PRIu64,
                     row->op->id, row->ticket, ahead, row->ahead);
    if (row->state == JUDGE_WAITING && ahead == 0)
        judge_object(judge, "%s (ticket %" PRIu64 ") waits for nobody", row->op->id, row->ticket);
}

static void forget(struct judge *judge, struct judge_op *op)
{
    if (op->is_forgotten)
        return;
    op->is_forgotten = true;
    op->forgotten_ms = judge_now_ms(judge);
}

/* Of those that are live. What was heard of and is not in it has ended. */
static void forget_ended(struct judge *judge, const struct snapshot *snapshot)
{
    for (int i = 0; i < judge->n_ops; i++) {
        struct judge_op *op = judge->ops[i];
        if (op->ns == snapshot->ns && op->heard_ms != 0 && op->heard_ms < snapshot->asked_ms &&
            op->shown != judge->snapshots)
            forget(judge, op);
    }
}

/* What was heard of before the question is in the answer. */
static void check_whole(struct judge *judge, const struct snapshot *snapshot)
{
    for (int i = 0; i < judge->n_ops; i++) {
        struct judge_op *op = judge->ops[i];
        if (op->ns != snapshot->ns || op->heard_ms == 0 || op->heard_ms >= snapshot->asked_ms ||
            op->shown == judge->snapshots)
            continue;
        if (judge->plan->forgets)
            forget(judge, op);
        else
            judge_object(judge, "%s was there, and is in no list", op->id);
    }
}

void snapshot_check(struct judge *judge, const struct snapshot *snapshot)
{
    judge->snapshots++;
    for (int i = 0; i < snapshot->n; i++) {
        snapshot->rows[i].op->shown = judge->snapshots;
        check_row(judge, snapshot, i);
    }
    if (snapshot->has_ended)
        check_whole(judge, snapshot);
    else if (judge->n_ops >= SNAPSHOT_MAX) /* too many for the other one */
        forget_ended(judge, snapshot);
}
