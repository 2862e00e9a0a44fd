#include "server/gather.h"

#define SILENCE   2 /* the part of a commit after which nobody else is expected */
#define SKIPS_MAX 31

void gather_on_heard(struct gather *gather, uint32_t n)
{
    gather->n_heard += n;
}

/* Three of four are most. */
static bool most_came(const struct gather *gather)
{
    return (uint64_t)gather->n_heard * 4 >= (uint64_t)gather->n_expected * 3;
}

static void judge_wait(struct gather *gather)
{
    if (most_came(gather)) {
        gather->skips = gather->skips_next = 0;
        return;
    }
    gather->skips_next = gather->skips_next * 2 + 1;
    if (gather->skips_next > SKIPS_MAX)
        gather->skips_next = SKIPS_MAX;
    gather->skips = gather->skips_next;
}

void gather_on_begin(struct gather *gather, uint64_t now_ns)
{
    if (gather->ready_ns != 0)
        judge_wait(gather);
    else if (gather->skips > 0)
        gather->skips--;
    gather->n_carried = gather->n_heard;
    gather->n_heard = 0;
    gather->began_ns = now_ns;
    gather->ready_ns = 0;
}

void gather_on_commit(struct gather *gather, bool is_whole, uint64_t now_ns)
{
    gather->n_expected = is_whole ? gather->n_heard + gather->n_carried : 0;
    gather->took_ns = now_ns - gather->began_ns;
    if (gather->took_ns > GATHER_NS_MAX)
        gather->took_ns = GATHER_NS_MAX;
    gather->stirred_ns = now_ns;
}

void gather_on_stirred(struct gather *gather, uint64_t now_ns)
{
    gather->stirred_ns = now_ns;
}

bool gather_waits(struct gather *gather, uint64_t now_ns)
{
    if (gather->skips > 0 || gather->n_heard >= gather->n_expected)
        return false;
    if (gather->ready_ns == 0)
        gather->ready_ns = now_ns;
    return now_ns - gather->ready_ns < gather->took_ns &&
           now_ns - gather->stirred_ns < gather->took_ns / SILENCE;
}
