/*
 * The line: everything in the order of seq, ticket and token; who stood before whom.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "judge.h"

#define NAME(op) (unsigned)((op)->id >> 32), (unsigned)(op)->id

/* A change that somebody asked for, at its exact seq. */
struct change {
    uint64_t seq;
    const struct op *op;
    bool is_of_its_own; /* a step that a request made: no grant of an earlier step comes after it */
};

struct line {
    struct judge *judge;
    struct op **by_token;
    size_t n_granted;
    struct change *changes;
    size_t n_changes;
    const struct op **near; /* those that had not ended when the next one came */
    size_t n_near;
};

/* --- what there is --------------------------------------------------------------------------- */

static void gather(struct judge *judge)
{
    size_t room = 0;

    for (int i = 0; i < HISTORY_CLIENTS; i++)
        room += judge->clients[i].n_ops;
    judge->ops = judge_grow(NULL, room + 1, sizeof *judge->ops);
    for (int i = 0; i < HISTORY_CLIENTS; i++)
        for (uint32_t k = 0; k < judge->clients[i].n_ops; k++) {
            struct op *op = judge->clients[i].ops[k];
            if (op == NULL || op->ticket == 0)
                continue; /* refused, or it never reached the daemon */
            judge->ops[judge->n_ops++] = op;
            if (op->end_seq == NEVER)
                violation(judge, "c%u-%u: was answered and never ended", NAME(op));
            /* The token of a tied one is told to its own session only. */
            if (op->is_granted && op->token == 0 && op->end != END_LOST)
                violation(judge, "c%u-%u: granted without a token", NAME(op));
        }
}

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_ticket(const void *a, const void *b)
{
    return compare((*(struct op *const *)a)->ticket, (*(struct op *const *)b)->ticket);
}

static int by_token(const void *a, const void *b)
{
    return compare((*(struct op *const *)a)->token, (*(struct op *const *)b)->token);
}

static int by_seq(const void *a, const void *b)
{
    return compare(((const struct change *)a)->seq, ((const struct change *)b)->seq);
}

/* --- orders ---------------------------------------------------------------------------------- */

/* Submits come in the order of tickets: each lies between its neighbours. */
static void order_tickets(struct judge *judge)
{
    struct op **ops = judge->ops;

    qsort(ops, judge->n_ops, sizeof *ops, by_ticket);
    for (size_t i = 1; i < judge->n_ops; i++) {
        if (ops[i]->ticket == ops[i - 1]->ticket)
            violation(judge, "c%u-%u and c%u-%u have one ticket", NAME(ops[i - 1]), NAME(ops[i]));
        else if (!span_narrow(&ops[i]->submit, ops[i - 1]->submit.lo + 1, NEVER))
            violation(judge, "c%u-%u: its ticket does not fit its seq", NAME(ops[i]));
    }
    for (size_t i = judge->n_ops; i-- > 1;)
        if (!span_narrow(&ops[i - 1]->submit, 0, ops[i]->submit.hi - 1))
            violation(judge, "c%u-%u: its ticket does not fit its seq", NAME(ops[i - 1]));
}

/* Grants come in the order of tokens, over all restarts. */
static void order_tokens(struct line *line)
{
    struct judge *judge = line->judge;
    struct op **ops = line->by_token = judge_grow(NULL, judge->n_ops + 1, sizeof *ops);

    for (size_t i = 0; i < judge->n_ops; i++)
        if (judge->ops[i]->token != 0)
            ops[line->n_granted++] = judge->ops[i];
    judge->grants = line->n_granted;
    qsort(ops, line->n_granted, sizeof *ops, by_token);
    for (size_t i = 0; i < line->n_granted; i++) {
        if (!span_narrow(&ops[i]->grant, ops[i]->submit.lo + 1, NEVER))
            violation(judge, "c%u-%u: granted before it was submitted", NAME(ops[i]));
        if (i > 0 && ops[i]->token == ops[i - 1]->token)
            violation(judge, "c%u-%u and c%u-%u have one token", NAME(ops[i - 1]), NAME(ops[i]));
        else if (i > 0 && !span_narrow(&ops[i]->grant, ops[i - 1]->grant.lo + 1, NEVER))
            violation(judge, "c%u-%u: its token does not rise with its grant", NAME(ops[i]));
    }
    for (size_t i = line->n_granted; i-- > 1;)
        if (!span_narrow(&ops[i - 1]->grant, 0, ops[i]->grant.hi - 1))
            violation(judge, "c%u-%u: its token does not rise with its grant", NAME(ops[i - 1]));
}

static void add_change(struct line *line, uint64_t seq, const struct op *op, bool is_of_its_own)
{
    line->changes[line->n_changes++] = (struct change){seq, op, is_of_its_own};
}

/* Each change has a seq of its own. */
static void order_changes(struct line *line)
{
    struct judge *judge = line->judge;

    line->changes = judge_grow(NULL, judge->n_ops * 3 + 1, sizeof *line->changes);
    for (size_t i = 0; i < judge->n_ops; i++) {
        const struct op *op = judge->ops[i];
        if (op->submit.lo == op->submit.hi)
            add_change(line, op->submit.lo, op, true);
        if (op->is_granted && op->grant.lo == op->grant.hi)
            add_change(line, op->grant.lo, op, false);
        if (op->end_seq != NEVER)
            add_change(line, op->end_seq, op, op->end == END_RELEASED || op->end == END_CANCELLED);
    }
    qsort(line->changes, line->n_changes, sizeof *line->changes, by_seq);
    for (size_t i = 1; i < line->n_changes; i++)
        if (line->changes[i].seq == line->changes[i - 1].seq)
            violation(judge, "c%u-%u and c%u-%u have changed at one seq, %" PRIu64,
                      NAME(line->changes[i - 1].op), NAME(line->changes[i].op),
                      line->changes[i].seq);
}

/* --- who stood before whom ------------------------------------------------------------------- */

/* Whether a request was carried out after `from` and before `to`. */
static bool has_step_between(const struct line *line, uint64_t from, uint64_t to)
{
    size_t low = 0, high = line->n_changes;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (line->changes[middle].seq <= from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < line->n_changes && line->changes[low].seq < to; low++)
        if (line->changes[low].is_of_its_own)
            return true;
    return false;
}

/* Nobody is granted beside or before one that came earlier and that it excludes; nor later than
 * in the step in which the last of those ended. */
static void judge_grant(struct line *line, const struct op *op)
{
    struct judge *judge = line->judge;
    uint64_t free_seq = op->submit.hi;

    for (size_t i = 0; i < line->n_near; i++) {
        const struct op *before = line->near[i];
        if (!op_meets(before, op))
            continue;
        judge->compared++;
        if (before->end_seq >= op->grant.hi)
            violation(judge,
                      "c%u-%u (ticket %" PRIu64 ") was granted at %" PRIu64
                      " though c%u-%u (ticket %" PRIu64 ") stood before it until %" PRIu64,
                      NAME(op), op->ticket, op->grant.hi, NAME(before), before->ticket,
                      before->end_seq);
        else if (before->end_seq > free_seq)
            free_seq = before->end_seq;
    }
    if (has_step_between(line, free_seq, op->grant.lo))
        violation(judge, "c%u-%u: free at %" PRIu64 ", granted only at %" PRIu64, NAME(op),
                  free_seq, op->grant.lo);
}

static void walk(struct line *line)
{
    struct judge *judge = line->judge;

    line->near = judge_grow(NULL, judge->n_ops + 1, sizeof *line->near);
    for (size_t i = 0; i < judge->n_ops; i++) {
        const struct op *op = judge->ops[i];
        size_t kept = 0;
        for (size_t k = 0; k < line->n_near; k++)
            if (line->near[k]->end_seq > op->submit.lo)
                line->near[kept++] = line->near[k];
        line->n_near = kept;
        if (op->is_granted)
            judge_grant(line, op);
        line->near[line->n_near++] = op;
    }
}

void line_judge(struct judge *judge)
{
    struct line line = {.judge = judge};

    gather(judge);
    order_tickets(judge);
    order_tokens(&line);
    order_changes(&line);
    walk(&line);
    free(line.by_token);
    free(line.changes);
    free(line.near);
}
