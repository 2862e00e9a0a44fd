/*
 * Facts: what is told of an operation never contradicts itself, in whatever order it arrives, and
 * nothing that was told is taken back.
 */
#include "judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void hear_number(struct judge *judge, const char *id, const char *what, uint64_t *known,
                        uint64_t told)
{
    if (told == 0)
        return;
    if (*known != 0 && *known != told)
        judge_object(judge, "%s: %s was %" PRIu64 ", now %" PRIu64, id, what, *known, told);
    *known = told;
}

/* A change belongs to one operation. */
static void hear_change(struct judge *judge, struct judge_op *op, uint64_t seq)
{
    if (seq >= judge->cap_seq) {
        size_t cap = seq * 2 + 256;
        if (seq > 10000000) {
            judge_object(judge, "%s: seq %" PRIu64, op->id, seq);
            return;
        }
        judge->by_seq = realloc(judge->by_seq, cap * sizeof(struct judge_op *));
        if (judge->by_seq == NULL)
            abort();
        memset(judge->by_seq + judge->cap_seq, 0,
               (cap - judge->cap_seq) * sizeof(struct judge_op *));
        judge->cap_seq = cap;
    }
    if (judge->by_seq[seq] != NULL && judge->by_seq[seq] != op)
        judge_object(judge, "%s and %s have both changed at seq %" PRIu64, op->id,
                     judge->by_seq[seq]->id, seq);
    judge->by_seq[seq] = op;
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

/* What was asked after something was heard tells nothing older; neither does what comes later over
 * the same connection. */
static void hear_order(struct judge *judge, struct judge_op *op, const struct judge_fact *fact)
{
    uint64_t *over = &op->link_seq[fact->client];

    if (fact->seq < fact->floor)
        judge_object(judge, "%s: it is told as of %" PRIu64 ", after %" PRIu64 " was known", op->id,
                     fact->seq, fact->floor);
    if (op->link_number[fact->client] == fact->link && fact->seq < *over)
        judge_object(judge, "%s: told as of %" PRIu64 " after %" PRIu64 " on one connection",
                     op->id, fact->seq, *over);
    op->link_number[fact->client] = fact->link;
    *over = fact->seq;
}

static void hear_ticket(struct judge *judge, struct judge_op *op, const struct judge_fact *fact)
{
    if (fact->ticket == 0 || op->ticket != 0)
        return;
    if (fact->ticket <= op->ticket_above)
        judge_object(judge, "%s: ticket %" PRIu64 ", after %" PRIu64 " was heard of", op->id,
                     fact->ticket, op->ticket_above);
    if (fact->ticket > judge->latest_ticket)
        judge->latest_ticket = fact->ticket;
    op->heard_ms = judge_now_ms(judge);
    if (op->attempts > 0 && op->attempts == op->left_out)
        judge_object(judge, "%s: every submit of it was to leave nothing behind, and it is there",
                     op->id);
}

static void hear_token(struct judge *judge, struct judge_op *op, const struct judge_fact *fact)
{
    if (fact->token == 0 || op->token != 0)
        return;
    if (fact->token <= op->token_above)
        judge_object(judge, "%s: token %" PRIu64 ", after %" PRIu64 " was heard of", op->id,
                     fact->token, op->token_above);
    if (fact->token >= 1ULL << 53)
        judge_object(judge, "%s: token %" PRIu64 " is too large", op->id, fact->token);
    if (fact->token > judge->latest_token)
        judge->latest_token = fact->token;
}

void judge_hear_held(struct judge_op *op, bool is_held, uint64_t seq)
{
    if (is_held && seq > op->held_at)
        op->held_at = seq;
    if (!is_held && (op->over_at == 0 || seq < op->over_at))
        op->over_at = seq;
}

void judge_hear_seq(struct judge *judge, const char *what, uint64_t seq, uint64_t floor)
{
    if (seq < floor)
        judge_object(judge, "%s tells seq %" PRIu64 ", after %" PRIu64 " was known", what, seq,
                     floor);
    if (seq > judge->latest_seq)
        judge->latest_seq = seq;
}

/* Ends that leave nothing behind, each with what it takes. */
static bool may_be_left_out(const struct judge_op *op, const char *end)
{
    return (strcmp(end, "refused") == 0 && op->wait_ms == 0) ||
           (strcmp(end, "stale") == 0 && op->is_stale_asked && !op->tells_change) ||
           (strcmp(end, "deadlock") == 0 && op->parent != NULL);
}

void judge_hear(struct judge *judge, const struct judge_fact *fact)
{
    struct judge_op *op = judge_find(judge, fact->id);

    judge->facts++;
    if (op == NULL) {
        judge_object(judge, "%s: nobody submitted it", fact->id);
        return;
    }
    if (fact->ticket == 0) {
        if (fact->state != JUDGE_ENDED || !may_be_left_out(op, fact->end))
            judge_object(judge, "%s: a view without ticket, ended as '%s'", op->id, fact->end);
        return;
    }
    if (fact->state == JUDGE_UNKNOWN || fact->seq == 0)
        judge_object(judge, "%s: a view without state or seq", op->id);
    hear_ticket(judge, op, fact);
    hear_token(judge, op, fact);
    hear_number(judge, op->id, "ticket", &op->ticket, fact->ticket);
    hear_number(judge, op->id, "token", &op->token, fact->token);
    hear_state(judge, op, fact);
    hear_order(judge, op, fact);
    hear_change(judge, op, fact->seq);
    judge_hear_end(judge, op, fact);
    if (fact->seq > op->latest_seq)
        op->latest_seq = fact->seq;
    if (fact->seq > judge->latest_seq)
        judge->latest_seq = fact->seq;
}
