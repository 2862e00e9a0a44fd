/*
 * What every step must leave behind, whatever its story: looked at from outside, with questions
 * that the step itself does not need.
 */
#include "player.h"

static void complain(struct player *p, const char *what)
{
    fprintf(p->out, "! %s\n", what);
}

void audit_before(struct player *p)
{
    struct core_stats stats;
    core_stats(p->core, &stats);
    p->seq_before = stats.seq;
}

/* Of the operation that an effect names: states and fields that belong together. */
static void audit_effect(struct player *p, const struct effect *effect)
{
    const struct op *op = effect->op;
    switch (effect->type) {
    case EFFECT_SUBMITTED:
        if (op->submitted_ms != PLAYER_WALL_START + (uint64_t)p->now_ms)
            complain(p, "the time of the submit is wrong");
        break;
    case EFFECT_GRANTED:
        if (op->state != OP_GRANTED || op->granted_ms != PLAYER_WALL_START + (uint64_t)p->now_ms)
            complain(p, "granted, but in another state or at another time");
        break;
    case EFFECT_CHANGED:
        if (op->state != OP_GRANTED)
            complain(p, "claimed or renewed, but not granted");
        break;
    case EFFECT_ENDED:
        if (op->state != OP_ENDED || op->end == END_NONE ||
            op->ended_ms != PLAYER_WALL_START + (uint64_t)p->now_ms)
            complain(p, "ended, but in another state or at another time");
        if (op->n_keys + op->n_shared != 0 || op->payload.at != NULL || op->meta.at != NULL)
            complain(p, "an ended operation kept keys, meta or payload");
        break;
    case EFFECT_CONTENDED:
        if (op->state != OP_GRANTED || !core_contended(p->core, op))
            complain(p, "told that it is contended, and it is not");
        return;
    case EFFECT_PASSED:
        if (op->state != OP_WAITING || op->parent != NULL || op->n_passed == 0 ||
            op->n_passed > CORE_PASSED_MAX)
            complain(p, "passed, and it may not be");
        return;
    case EFFECT_FORGOTTEN:
        if (op->state != OP_ENDED)
            complain(p, "forgotten, but not ended");
        break;
    }
    if (effect->type != EFFECT_FORGOTTEN && op->seq <= p->seq_before)
        complain(p, "a change without a new seq");
}

/* Tokens rise in the order of grants; grants of one step come in the order of tickets. */
void audit_grants(struct player *p, const struct outcome *out)
{
    struct core_stats stats;
    core_stats(p->core, &stats);
    uint64_t ticket = 0;
    for (uint32_t i = 0; i < out->n_effects; i++) {
        const struct op *op = out->effects[i].op;
        if (out->effects[i].type != EFFECT_GRANTED)
            continue;
        if (p->n_tokens > 0 && op->token <= p->tokens[p->n_tokens - 1])
            complain(p, "tokens do not rise");
        if (op->token >> 32 != stats.epoch || op->token >> 53 != 0)
            complain(p, "a token of another epoch");
        if (op->ticket <= ticket)
            complain(p, "grants of a step are not in the order of tickets");
        ticket = op->ticket;
        if (p->n_tokens < PLAYER_TOKENS_MAX)
            p->tokens[p->n_tokens++] = op->token;
    }
}

static void audit_order(struct player *p, const struct outcome *out)
{
    bool granted = false;
    for (uint32_t i = 0; i < out->n_effects; i++) {
        if (out->effects[i].type == EFFECT_SUBMITTED && i != 0 &&
            out->effects[i - 1].type != EFFECT_PASSED)
            complain(p, "submitted is not the first effect");
        if (out->effects[i].type == EFFECT_ENDED && granted)
            complain(p, "a grant comes before an end of the same step");
        granted = granted || out->effects[i].type == EFFECT_GRANTED;
    }
}

/* Counters against a walk over everything, deadlines against the next one. */
void audit_state(struct player *p)
{
    uint64_t counts[OP_ENDED + 1] = {0}, ticket = 0, seq = 0;
    int64_t first = CORE_FOREVER;
    for (struct op *op; (op = core_next_by_ticket(p->core, ticket)) != NULL; ticket = op->ticket) {
        if (op->ticket <= ticket)
            complain(p, "the walk by ticket does not rise");
        counts[op->state]++;
        seq = op->seq > seq ? op->seq : seq;
        if (op->state != OP_ENDED && op->deadline_ms < first)
            first = op->deadline_ms;
        if (core_find(p->core, core_namespace_name(op->ns), op->id) != op)
            complain(p, "an operation is not found by its id");
        if ((op->token == 0) != (op->state == OP_WAITING || op->granted_ms == 0))
            complain(p, "a token without a grant, or a grant without a token");
    }
    struct core_stats stats;
    core_stats(p->core, &stats);
    if (stats.waiting != counts[OP_WAITING] || stats.granted != counts[OP_GRANTED] ||
        stats.remembered != counts[OP_ENDED])
        complain(p, "the gauges do not count what is there");
    if (seq > stats.seq || ticket > stats.ticket)
        complain(p, "seq or ticket stands below one that was given");
    if (core_next_deadline(p->core) > first)
        complain(p, "the next deadline is late");
    if (!core_is_consistent(p->core))
        complain(p, "the core is not consistent");
}

static void audit_tick(struct player *p, const struct event *event)
{
    uint64_t ticket = 0;
    for (struct op *op; (op = core_next_by_ticket(p->core, ticket)) != NULL; ticket = op->ticket)
        if (op->state != OP_ENDED && op->deadline_ms <= event->until_ms)
            complain(p, "a deadline that is due was not decided");
    /* It may be early, but a driver that keeps asking must not spin. */
    if (core_next_deadline(p->core) <= event->until_ms)
        complain(p, "after a tick the next one is due at once");
}

void audit_after(struct player *p, const struct event *event, const struct outcome *out)
{
    struct core_stats stats;
    core_stats(p->core, &stats);
    if (out->status != LOCKQ_OK && (out->n_effects != 0 || stats.seq != p->seq_before))
        complain(p, "an error changed something");
    if (out->repeated && (out->op == NULL || stats.seq != p->seq_before))
        complain(p, "a repeat changed something, or names no operation");
    if (event->type == EVENT_SUBMIT && out->op == NULL && out->n_effects != 0)
        complain(p, "a refused submit has effects");
    audit_order(p, out);
    audit_grants(p, out);
    for (uint32_t i = 0; i < out->n_effects; i++)
        audit_effect(p, &out->effects[i]);
    if (event->type == EVENT_TICK)
        audit_tick(p, event);
    audit_state(p);
}
