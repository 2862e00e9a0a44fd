#include "judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTIONS_MAX 4
#define SESSIONS_MAX   64

void judge_finish(struct judge *judge)
{
    for (int i = 0; i < judge->n_ops; i++)
        free(judge->ops[i]);
    free(judge->ops);
    free(judge->by_seq);
}

void judge_object(struct judge *judge, const char *format, ...)
{
    char sentence[400];
    va_list arguments;

    if (judge->n_objections++ >= OBJECTIONS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    fprintf(stderr, "seed %" PRIu64 ", at %" PRId64 " ms: %s\n", judge->seed, judge_now_ms(judge),
            sentence);
    transcript_say(judge->transcript, "** %s", sentence);
    judge->failed = true;
}

int64_t judge_now_ms(const struct judge *judge)
{
    return judge->transcript->clock->real_ms;
}

struct judge_moment judge_now(const struct judge *judge)
{
    const struct clock *clock = judge->transcript->clock;
    return (struct judge_moment){clock->real_ms, clock_stopped_ms(clock)};
}

struct judge_op *judge_expect(struct judge *judge, const struct judge_op *op)
{
    struct judge_op *kept = malloc(sizeof *kept);

    if (judge->n_ops == judge->cap_ops) {
        judge->cap_ops = judge->cap_ops == 0 ? 64 : judge->cap_ops * 2;
        judge->ops = realloc(judge->ops, (size_t)judge->cap_ops * sizeof *judge->ops);
    }
    if (kept == NULL || judge->ops == NULL)
        abort();
    *kept = *op;
    snprintf(kept->id, sizeof kept->id, "c%d-%d", op->client, judge->n_ops);
    kept->submitted = kept->lease_from = judge_now(judge);
    kept->ticket_above = judge->latest_ticket;
    kept->token_above = judge->latest_token;
    kept->spans[0] = (struct judge_span){.x = op->x, .s = op->s};
    kept->n_spans = 1;
    judge->ops[judge->n_ops++] = kept;
    return kept;
}

struct judge_op *judge_find(struct judge *judge, const char *id)
{
    const char *digits = strchr(id, '-');
    long place = digits == NULL ? -1 : strtol(digits + 1, NULL, 10);

    if (place < 0 || place >= judge->n_ops || strcmp(judge->ops[place]->id, id) != 0)
        return NULL;
    return judge->ops[place];
}

bool judge_is_live(const struct judge_op *op)
{
    return op->ticket != 0 && op->ended_seq == 0 && !op->is_forgotten;
}

bool judge_is_above(const struct judge_op *above, const struct judge_op *op)
{
    for (op = op->parent; op != NULL; op = op->parent)
        if (op == above)
            return true;
    return false;
}

bool judge_are_family(const struct judge_op *a, const struct judge_op *b)
{
    return judge_is_above(a, b) || judge_is_above(b, a);
}

struct judge_session *judge_session_add(struct judge *judge, int client, uint64_t id,
                                        int64_t grace_ms, uint32_t generation)
{
    struct judge_session *session =
        &judge->sessions[client][judge->n_sessions[client]++ % SESSIONS_MAX];

    if (id == 0 || judge_session_find(judge, id) != NULL)
        judge_object(judge, "client %d: session %" PRIu64 " is no new one", client, id);
    *session = (struct judge_session){.id = id, .grace_ms = grace_ms, .generation = generation};
    return session;
}

struct judge_session *judge_session_find(struct judge *judge, uint64_t id)
{
    for (int client = 0; client < CLIENTS_MAX; client++)
        for (uint32_t i = 0; i < SESSIONS_MAX && i < judge->n_sessions[client]; i++)
            if (id != 0 && judge->sessions[client][i].id == id)
                return &judge->sessions[client][i];
    return NULL;
}

int64_t judge_session_down_ms(const struct judge_session *session)
{
    if (session->link == NULL)
        return session->down_ms;
    return session->link->broken_ms == 0 ? NEVER : session->link->broken_ms;
}

void judge_on_give_back(struct judge *judge, struct judge_op *op, uint32_t keys)
{
    int n = op->n_spans;

    keys = paths_reach(keys); /* also those that one of them made redundant */
    op->given_back = true;
    op->given |= keys;
    for (int i = 0; i < n; i++) {
        struct judge_span *span = &op->spans[i], given = *span;
        given.x &= keys;
        given.s &= keys;
        if (given.until != 0 || (given.x | given.s) == 0)
            continue;
        span->x &= ~keys;
        span->s &= ~keys;
        given.until = judge->latest_seq + 1; /* the change to come has at least this number */
        if (op->n_spans < JUDGE_SPANS_MAX)
            op->spans[op->n_spans++] = given;
    }
}

void judge_on_extended(struct judge_op *op, uint32_t x, uint32_t s, uint64_t seq)
{
    if (op->n_spans < JUDGE_SPANS_MAX)
        op->spans[op->n_spans++] =
            (struct judge_span){.x = x & ~op->given, .s = s & ~op->given, .from = seq};
}
