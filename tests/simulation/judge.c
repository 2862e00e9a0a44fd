#include "judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void judge_finish(struct judge *judge)
{
    free(judge->ops);
    judge->ops = NULL;
    judge->n_ops = judge->cap_ops = 0;
}

void judge_object(struct judge *judge, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "seed %" PRIu64 ": ", judge->seed);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    judge->failed = true;
}

struct judge_op *judge_find(struct judge *judge, const char *id)
{
    for (int i = judge->n_ops - 1; i >= 0; i--)
        if (strcmp(judge->ops[i].id, id) == 0)
            return &judge->ops[i];
    return NULL;
}

struct judge_op *judge_expect(struct judge *judge, const struct judge_op *op)
{
    if (judge->n_ops == judge->cap_ops) {
        judge->cap_ops = judge->cap_ops == 0 ? 64 : judge->cap_ops * 2;
        judge->ops = realloc(judge->ops, (size_t)judge->cap_ops * sizeof *judge->ops);
        if (judge->ops == NULL)
            abort();
    }
    judge->ops[judge->n_ops] = *op;
    return &judge->ops[judge->n_ops++];
}

static bool is_at_or_below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return n == 0 || (strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

static bool keys_conflict(const struct judge_key *a, const struct judge_key *b)
{
    if (a->shared && b->shared)
        return false;
    return is_at_or_below(a->path, b->path) || is_at_or_below(b->path, a->path);
}

static bool ops_conflict(const struct judge_op *a, const struct judge_op *b)
{
    if (a->ns != b->ns)
        return false;
    for (int i = 0; i < a->n_keys; i++)
        for (int k = 0; k < b->n_keys; k++)
            if (keys_conflict(&a->keys[i], &b->keys[k]))
                return true;
    return false;
}

/* --- facts ----------------------------------------------------------------------------------- */

static void hear_number(struct judge *judge, const char *id, const char *what, uint64_t *known,
                        uint64_t told)
{
    if (told == 0)
        return;
    if (*known != 0 && *known != told)
        judge_object(judge, "%s: %s was %" PRIu64 ", now %" PRIu64, id, what, *known, told);
    *known = told;
}

/* Each state of an operation has its own changes; later states have later ones. */
static void hear_state(struct judge *judge, struct judge_op *op, const struct judge_fact *fact)
{
    switch (fact->state) {
    case JUDGE_WAITING:
        hear_number(judge, op->id, "seq of the submit", &op->waiting_seq, fact->seq);
        break;
    case JUDGE_GRANTED:
        if (op->granted_seq == 0 || fact->seq < op->granted_seq)
            op->granted_seq = fact->seq; /* claims and renewals come later */
        break;
    case JUDGE_ENDED:
        hear_number(judge, op->id, "seq of the end", &op->ended_seq, fact->seq);
        break;
    case JUDGE_UNKNOWN:
        break;
    }
    if ((op->waiting_seq != 0 && op->granted_seq != 0 && op->waiting_seq >= op->granted_seq) ||
        (op->granted_seq != 0 && op->ended_seq != 0 && op->granted_seq >= op->ended_seq) ||
        (op->waiting_seq != 0 && op->ended_seq != 0 && op->waiting_seq >= op->ended_seq))
        judge_object(judge, "%s: waiting at %" PRIu64 ", granted at %" PRIu64 ", ended at %" PRIu64,
                     op->id, op->waiting_seq, op->granted_seq, op->ended_seq);
}

/* The least time from its grant after which an operation can expire. */
static int64_t shortest_hold(const struct judge_op *op)
{
    if (!op->detached)
        return INT64_MAX;
    return op->lease_ms < op->claim_in_ms ? op->lease_ms : op->claim_in_ms;
}

static bool is_lawful(const struct judge_op *op, const char *end)
{
    if (strcmp(end, "released") == 0)
        return op->release_asked;
    if (strcmp(end, "cancelled") == 0)
        return op->cancel_asked;
    if (strcmp(end, "timeout") == 0)
        return op->wait_ms != INT64_MAX;
    if (strcmp(end, "expired") == 0)
        return shortest_hold(op) != INT64_MAX;
    return strcmp(end, "lost") == 0 && !op->detached;
}

static void hear_end(struct judge *judge, struct judge_op *op, const struct judge_fact *fact)
{
    const char *end = fact->end;

    if (end[0] == '\0')
        return;
    if (op->end[0] != '\0' && strcmp(op->end, end) != 0)
        judge_object(judge, "%s: ended as %s, now as %s", op->id, op->end, end);
    snprintf(op->end, sizeof op->end, "%s", end);
    if (!is_lawful(op, end))
        judge_object(judge, "%s: nothing can have made it end as %s", op->id, end);
    if (fact->ended == 0)
        return;
    if (strcmp(end, "timeout") == 0 && fact->ended - fact->submitted < (uint64_t)op->wait_ms)
        judge_object(judge, "%s: timeout after %" PRIu64 " of %" PRId64 " ms", op->id,
                     fact->ended - fact->submitted, op->wait_ms);
    if (strcmp(end, "expired") == 0 && fact->ended - fact->granted < (uint64_t)shortest_hold(op))
        judge_object(judge, "%s: expired after %" PRIu64 " of %" PRId64 " ms", op->id,
                     fact->ended - fact->granted, shortest_hold(op));
}

void judge_hear(struct judge *judge, const struct judge_fact *fact)
{
    struct judge_op *op = judge_find(judge, fact->id);

    judge->facts++;
    if (op == NULL) {
        judge_object(judge, "%s: nobody submitted it", fact->id);
        return;
    }
    if (strcmp(fact->end, "refused") == 0) {
        op->refused = true;
        return;
    }
    hear_number(judge, op->id, "ticket", &op->ticket, fact->ticket);
    hear_number(judge, op->id, "token", &op->token, fact->token);
    hear_state(judge, op, fact);
    hear_end(judge, op, fact);
}

/* --- judgement ------------------------------------------------------------------------------- */

static int by_ticket(const void *a, const void *b)
{
    const struct judge_op *x = a, *y = b;
    return (x->ticket > y->ticket) - (x->ticket < y->ticket);
}

static void compare(struct judge *judge, const struct judge_op *earlier,
                    const struct judge_op *later)
{
    bool was_granted = later->granted_seq != 0;

    if (earlier->ticket == later->ticket)
        judge_object(judge, "%s and %s have one ticket", earlier->id, later->id);
    if (was_granted && ops_conflict(earlier, later) &&
        (earlier->ended_seq == 0 || earlier->ended_seq > later->granted_seq))
        judge_object(judge,
                     "%s (ticket %" PRIu64 ") granted at %" PRIu64 ", but %s (ticket %" PRIu64
                     ") ended at %" PRIu64,
                     later->id, later->ticket, later->granted_seq, earlier->id, earlier->ticket,
                     earlier->ended_seq);
    if (was_granted && earlier->granted_seq != 0 && earlier->token != 0 && later->token != 0 &&
        !earlier->change_asked && !later->change_asked &&
        (earlier->token < later->token) != (earlier->granted_seq < later->granted_seq))
        judge_object(judge, "tokens of %s and %s do not rise with their grants", earlier->id,
                     later->id);
}

void judge_sum_up(struct judge *judge)
{
    int n = 0;

    /* What has no ticket was refused, or its answer was lost on the way. */
    for (int i = 0; i < judge->n_ops; i++)
        if (judge->ops[i].ticket != 0)
            judge->ops[n++] = judge->ops[i];
    judge->n_ops = n;
    if (n == 0)
        return;
    qsort(judge->ops, (size_t)n, sizeof *judge->ops, by_ticket);
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n; k++)
            compare(judge, &judge->ops[i], &judge->ops[k]);
}

void judge_stuck(struct judge *judge)
{
    for (int i = 0; i < judge->n_ops; i++) {
        struct judge_op *op = &judge->ops[i];
        bool has_reason = false;
        if (op->waiting_seq == 0 || op->granted_seq != 0 || op->ended_seq != 0)
            continue;
        for (int k = 0; k < judge->n_ops && !has_reason; k++) {
            struct judge_op *other = &judge->ops[k];
            has_reason = other->ticket != 0 && other->ticket < op->ticket &&
                         other->ended_seq == 0 && ops_conflict(op, other);
        }
        if (!has_reason)
            judge_object(judge, "%s (ticket %" PRIu64 ") waits for nobody", op->id, op->ticket);
    }
}
