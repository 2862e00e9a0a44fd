/*
 * Reads: what check, verify and a refusal said of a moment, against who was there at that seq.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "judge.h"

#define NAME(op) (unsigned)((op)->id >> 32), (unsigned)(op)->id

/* How many were there: at least, at most. */
struct count {
    uint32_t least, most;
};

struct there {
    const struct op **ops;
    size_t n, next;
};

static int by_seq(const void *a, const void *b)
{
    uint64_t p = ((const struct read *)a)->seq, q = ((const struct read *)b)->seq;
    return p < q ? -1 : p > q;
}

static void judge_verify(struct judge *judge, const struct read *read)
{
    const struct op *op = read->op;
    bool may_hold = op->token != 0 && op->grant.lo <= read->seq && read->seq < op->end_seq;
    bool must_hold = op->token != 0 && op->grant.hi <= read->seq && read->seq < op->end_seq;

    if (read->is_held ? !may_hold : must_hold)
        violation(judge, "c%u-%u: verify says %s at %" PRIu64, NAME(op),
                  read->is_held ? "held" : "not held", read->seq);
}

/* Somebody must have been in the way. */
static void judge_refusal(struct judge *judge, const struct read *read, const struct there *there)
{
    for (size_t i = 0; i < there->n; i++)
        if (op_meets(there->ops[i], read->op))
            return;
    violation(judge, "c%u-%u: refused at %" PRIu64 ", with nobody in its way", NAME(read->op),
              read->seq);
}

static bool is_within(uint32_t n, struct count count)
{
    return count.least <= n && n <= count.most;
}

static void judge_check(struct judge *judge, const struct read *read, const struct there *there)
{
    struct count holders = {0, 0}, waiting = {0, 0};
    const struct op *first = NULL;
    bool has_all_tokens = true;

    for (size_t i = 0; i < there->n; i++) {
        const struct op *op = there->ops[i];
        bool is_there = op->submit.hi <= read->seq;
        /* Nobody was there to hear of the grant of one that was lost. */
        bool may_hold = (op->is_granted || op->end == END_LOST) && op->grant.lo <= read->seq;
        bool holds = op->is_granted && op->grant.hi <= read->seq;
        if (op->client % POOL_WORLDS != read->world || (op->meets_any >> read->key & 1) == 0)
            continue;
        holders.least += holds;
        holders.most += may_hold;
        waiting.least += is_there && !may_hold;
        waiting.most += !holds;
        if (holds && (first == NULL || op->token < first->token))
            first = op;
        has_all_tokens = has_all_tokens && (!holds || op->token != 0);
    }
    judge->counted_reads++;
    if (!is_within(read->holders, holders) || !is_within(read->waiting, waiting))
        violation(judge,
                  "check of key %u at %" PRIu64 ": %u hold and %u wait; it must be %u to %u and "
                  "%u to %u",
                  read->key, read->seq, read->holders, read->waiting, holders.least, holders.most,
                  waiting.least, waiting.most);
    else if (first != NULL && has_all_tokens && holders.least == holders.most &&
             read->first != first->id)
        violation(judge, "check of key %u at %" PRIu64 ": c%u-%u is not its first holder",
                  read->key, read->seq, (unsigned)(read->first >> 32), (unsigned)read->first);
}

/* Those that may have been there at the seq. */
static void move_to(struct judge *judge, struct there *there, uint64_t seq)
{
    size_t kept = 0;

    while (there->next < judge->n_ops && judge->ops[there->next]->submit.lo <= seq)
        there->ops[there->n++] = judge->ops[there->next++];
    for (size_t i = 0; i < there->n; i++)
        if (there->ops[i]->end_seq > seq)
            there->ops[kept++] = there->ops[i];
    there->n = kept;
}

void reads_judge(struct judge *judge)
{
    struct there there = {.ops = judge_grow(NULL, judge->n_ops + 1, sizeof *there.ops)};

    qsort(judge->reads, judge->n_reads, sizeof *judge->reads, by_seq);
    for (size_t i = 0; i < judge->n_reads; i++) {
        const struct read *read = &judge->reads[i];
        move_to(judge, &there, read->seq);
        if (read->kind == READ_VERIFY)
            judge_verify(judge, read);
        else if (read->kind == READ_CHECK)
            judge_check(judge, read, &there);
        else
            judge_refusal(judge, read, &there);
    }
    free(there.ops);
}
