/*
 * Ends: for a lawful reason, not early, and when nothing is wrong with the world not late.
 *
 * "Early" is measured by the true time between what a client sent and what anybody heard, which is
 * never less than the time that the daemon counted.
 */
#include "judge.h"

#include <inttypes.h>
#include <string.h>

#define LATE_MS 2000 /* for a daemon that nothing keeps from deciding */

/* The time in which the daemon was stopped comes on top. */
static int64_t after(const struct judge *judge, struct judge_moment from, int64_t duration_ms)
{
    if (duration_ms == NEVER)
        return NEVER;
    return from.real_ms + duration_ms + judge_now(judge).stopped_ms - from.stopped_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t judge_earliest_expiry(const struct judge *judge, const struct judge_op *op)
{
    int64_t ms = after(judge, op->submitted, op->max_hold_ms);

    if (!op->detached)
        return ms;
    ms = earlier(ms, after(judge, op->submitted, op->claim_in_ms));
    return earlier(ms, after(judge, op->lease_from, op->lease_ms));
}

static bool can_be_lost(struct judge *judge, const struct judge_op *op)
{
    const struct judge_session *session;
    int64_t down_ms;

    if (op->tie_asked)
        return true; /* to a session that is not known here */
    if (op->detached)
        return false;
    session = judge_session_find(judge, op->session);
    if (session == NULL)
        return true;
    down_ms = judge_session_down_ms(session);
    return down_ms != NEVER && judge_now_ms(judge) - down_ms >= session->grace_ms;
}

static bool is_lawful(struct judge *judge, const struct judge_op *op, const char *end)
{
    int64_t now_ms = judge_now_ms(judge);

    if (strcmp(end, "released") == 0)
        return op->release_asked;
    if (strcmp(end, "cancelled") == 0)
        return op->cancel_asked;
    if (strcmp(end, "timeout") == 0)
        return now_ms >= after(judge, op->submitted, op->wait_ms);
    if (strcmp(end, "stale") == 0)
        return op->is_stale_asked && !op->tells_change;
    for (; op != NULL; op = op->parent) { /* who ends so takes those below it along */
        if (strcmp(end, "expired") == 0 && now_ms >= judge_earliest_expiry(judge, op))
            return true;
        if (strcmp(end, "lost") == 0 && can_be_lost(judge, op))
            return true;
        if (strcmp(end, "killed") == 0 && op->kill_asked)
            return true;
    }
    return false;
}

/* Ended by then: told in the time without faults. */
static void hear_due(struct judge *judge, struct judge_op *op, const struct judge_fact *fact)
{
    if (fact->calm_ms == 0 || fact->state != JUDGE_GRANTED)
        return;
    if (op->due_ms != 0 && op->due_seq == fact->seq && op->due_calm_ms == fact->calm_ms &&
        fact->asked_ms > op->due_ms)
        judge_object(judge, "%s: it was to end by %" PRId64 " ms and has not", op->id, op->due_ms);
    if (fact->expires_in < 0)
        return;
    op->due_ms = judge_now_ms(judge) + fact->expires_in + LATE_MS;
    op->due_seq = fact->seq;
    op->due_calm_ms = fact->calm_ms;
}

void judge_hear_end(struct judge *judge, struct judge_op *op, const struct judge_fact *fact)
{
    const char *end = fact->end;

    hear_due(judge, op, fact);
    if (end[0] == '\0')
        return;
    if (op->end[0] != '\0' && strcmp(op->end, end) != 0)
        judge_object(judge, "%s: ended as %s, now as %s", op->id, op->end, end);
    if (op->end[0] == '\0' && !is_lawful(judge, op, end))
        judge_object(judge, "%s: nothing can have made it end as %s by now", op->id, end);
    snprintf(op->end, sizeof op->end, "%s", end);
}
