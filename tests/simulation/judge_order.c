/*
 * Order: of any two operations that exclude each other, who was granted when.
 *
 * Only what is certain is held against the daemon. The seq of a grant is the lowest one at which an
 * operation was told to be granted, so it is that of the grant or a later one.
 */
#include "judge.h"

#include <inttypes.h>
#include <string.h>

/* It was live for certain before that. */
static uint64_t live_until(const struct judge_op *op)
{
    if (op->ended_seq != 0)
        return op->ended_seq;
    return op->is_forgotten ? op->latest_seq + 1 : UINT64_MAX;
}

/* --- exclusion ------------------------------------------------------------------------------- */

static bool span_of(const struct judge_op *op, int place, struct judge_span *span)
{
    *span = op->spans[place];
    if (span->from == 0)
        span->from = op->granted_seq;
    if (span->until == 0 || span->until > live_until(op))
        span->until = live_until(op);
    return op->granted_seq != 0 && span->from < span->until;
}

static void compare_spans(struct judge *judge, const struct judge_op *a, const struct judge_op *b)
{
    struct judge_span one, other;

    for (int i = 0; i < a->n_spans; i++)
        for (int k = 0; k < b->n_spans; k++)
            if (span_of(a, i, &one) && span_of(b, k, &other) && one.from < other.until &&
                other.from < one.until && paths_conflict(one.x, one.s, other.x, other.s))
                judge_object(judge,
                             "%s (%" PRIu64 " to %" PRIu64 ") and %s (%" PRIu64 " to %" PRIu64
                             ") hold together",
                             a->id, one.from, one.until, b->id, other.from, other.until);
}

/* --- who comes first ------------------------------------------------------------------------- */

/* Whether the second must wait for the end of the first, because its ticket is higher. */
static bool stands_behind(const struct judge_op *first, const struct judge_op *second)
{
    if (second->passes)
        return false;
    return second->parent == NULL || first->parent != NULL;
}

/* Keys that it has kept since its submit. */
static bool conflict_as_submitted(const struct judge_op *first, const struct judge_op *second)
{
    return !first->given_back && paths_conflict(first->x, first->s, second->x, second->s);
}

static void compare_turns(struct judge *judge, const struct judge_op *first,
                          const struct judge_op *second)
{
    if (second->granted_seq == 0 || !stands_behind(first, second) ||
        !conflict_as_submitted(first, second))
        return;
    if (live_until(first) > second->granted_seq)
        judge_object(judge,
                     "%s (ticket %" PRIu64 ") granted at %" PRIu64 ", but %s (ticket %" PRIu64
                     ") ended at %" PRIu64,
                     second->id, second->ticket, second->granted_seq, first->id, first->ticket,
                     live_until(first));
}

/* A child that waits stands before everybody who waits and is no child, whatever the tickets. */
static void compare_child(struct judge *judge, const struct judge_op *child,
                          const struct judge_op *other)
{
    bool never_held = strcmp(child->end, "timeout") == 0 || strcmp(child->end, "cancelled") == 0;
    uint64_t until = never_held ? child->ended_seq : child->change_asked ? 0 : child->granted_seq;

    if (child->parent == NULL || other->parent != NULL || other->passes || other->change_asked ||
        child->waiting_seq == 0 || other->granted_seq < child->waiting_seq ||
        !conflict_as_submitted(child, other))
        return;
    if (other->granted_seq < until)
        judge_object(judge, "%s granted at %" PRIu64 " before %s, a child that waits", other->id,
                     other->granted_seq, child->id);
}

static void compare_tokens(struct judge *judge, const struct judge_op *a, const struct judge_op *b)
{
    if (a->token == 0 || b->token == 0)
        return;
    if (a->token == b->token)
        judge_object(judge, "%s and %s have one token", a->id, b->id);
    if (a->granted_seq == 0 || b->granted_seq == 0 || a->change_asked || b->change_asked)
        return;
    if ((a->token < b->token) != (a->granted_seq < b->granted_seq))
        judge_object(judge, "tokens of %s and %s do not rise with their grants", a->id, b->id);
}

static void compare(struct judge *judge, const struct judge_op *a, const struct judge_op *b)
{
    bool a_is_first = a->ticket < b->ticket;

    if (a->ticket == b->ticket)
        judge_object(judge, "%s and %s have one ticket", a->id, b->id);
    compare_tokens(judge, a, b);
    if (a->ns != b->ns || judge_are_family(a, b))
        return;
    compare_spans(judge, a, b);
    compare_turns(judge, a_is_first ? a : b, a_is_first ? b : a);
    compare_child(judge, a, b);
    compare_child(judge, b, a);
}

/* What verify said of it, at the seqs that it said it of. */
static void check_verified(struct judge *judge, const struct judge_op *op)
{
    if (op->over_at != 0 && (op->over_at <= op->held_at || op->over_at < op->ended_seq))
        judge_object(judge,
                     "%s: not held at %" PRIu64 ", but at %" PRIu64 ", and ended at %" PRIu64,
                     op->id, op->over_at, op->held_at, op->ended_seq);
    if (op->ended_seq != 0 && op->held_at >= op->ended_seq)
        judge_object(judge, "%s: held at %" PRIu64 ", and ended at %" PRIu64, op->id, op->held_at,
                     op->ended_seq);
}

/* What has no ticket was left out, or its answer was lost on the way and it ended since. */
void judge_order(struct judge *judge)
{
    for (int i = 0; i < judge->n_ops && !judge->failed; i++)
        check_verified(judge, judge->ops[i]);
    for (int i = 0; i < judge->n_ops && !judge->failed; i++)
        for (int k = i + 1; k < judge->n_ops && judge->ops[i]->ticket != 0; k++)
            if (judge->ops[k]->ticket != 0)
                compare(judge, judge->ops[i], judge->ops[k]);
}
