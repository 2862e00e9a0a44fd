/*
 * Whether a step gave what the model says that it gives: status, effects and their order.
 */
#include "core_fuzz.h"

static const char *const status_names[] = {"ok",
#define STATUS_NAME(name, wire, text) wire,
                                           LOCKQ_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
};

/* The place in the model of an operation of the core, known ones only. */
uint32_t model_of(const struct fuzz *f, const struct op *op)
{
    const struct model *m = &f->model;
    uint32_t i = (uint32_t)op->ticket - 1;
    return i < m->n && m->ops[i].known && slice_equal(op->id, slice_of(m->ops[i].id)) ? i
                                                                                      : MODEL_NONE;
}

static uint64_t age(const struct model_op *op, uint64_t wall_ms)
{
    return wall_ms > op->ended_ms ? wall_ms - op->ended_ms : 0;
}

/* The oldest ended ones go first, none before there are too many of them or it is too old. */
static bool check_forgotten(struct fuzz *f, const struct op *op, uint64_t wall_ms)
{
    struct model *m = &f->model;
    uint32_t gone = model_of(f, op);
    if (gone == MODEL_NONE || m->ops[gone].state != OP_ENDED)
        return fuzz_fail(f, "forgotten, but not remembered", NULL);
    struct model_op *forgotten = &m->ops[gone];
    if (m->remembered <= m->remembered_max && age(forgotten, wall_ms) < m->remembered_ms)
        return fuzz_fail(f, "forgotten without need", forgotten->id);
    for (uint32_t i = 0; i < m->n; i++)
        if (m->ops[i].known && m->ops[i].state == OP_ENDED &&
            m->ops[i].ended_nth < forgotten->ended_nth)
            return fuzz_fail(f, "forgotten before an older one", forgotten->id);
    model_forget(m, gone);
    return true;
}

static bool check_passed(struct fuzz *f, const struct op *op)
{
    uint32_t passed = model_of(f, op);
    if (passed == MODEL_NONE || op->n_passed != f->model.ops[passed].n_passed)
        return fuzz_fail(f, "passed, but not by this step", NULL);
    return true;
}

static bool take_effect(struct fuzz *f, const struct effect *effect, uint64_t *seq,
                        uint64_t wall_ms)
{
    struct model *m = &f->model;
    if (effect->type == EFFECT_FORGOTTEN)
        return check_forgotten(f, effect->op, wall_ms);
    if (effect->type == EFFECT_PASSED)
        return check_passed(f, effect->op);
    struct model_op *op = &m->ops[model_of(f, effect->op)];
    op->seq = ++*seq;
    if (effect->type == EFFECT_ENDED)
        op->ended_nth = ++m->ended;
    if (effect->type != EFFECT_GRANTED)
        return true;
    if (effect->op->token <= m->highest_token || effect->op->token >> 32 != f->config.epoch)
        return fuzz_fail(f, "tokens do not rise", op->id);
    op->token = m->highest_token = effect->op->token;
    return true;
}

static bool has_effect(const struct model_outcome *expected, enum effect_type type, uint32_t op)
{
    for (uint32_t i = 0; i < expected->n_effects; i++)
        if (expected->effects[i].type == type && expected->effects[i].op == op)
            return true;
    return false;
}

/* In which order several end in a step is not promised; everything else is. */
static bool compare_effects(struct fuzz *f, const struct model_outcome *expected,
                            const struct outcome *got, uint64_t wall_ms)
{
    uint64_t seq = f->model.seq - expected->n_effects;
    uint32_t n = 0;
    for (uint32_t i = 0; i < got->n_effects; i++) {
        const struct effect *effect = &got->effects[i];
        if (effect->type != EFFECT_FORGOTTEN && effect->type != EFFECT_PASSED) {
            uint32_t op = model_of(f, effect->op);
            if (op == MODEL_NONE)
                return fuzz_fail(f, "an effect on an operation that is not there", NULL);
            if (n == expected->n_effects)
                return fuzz_fail(f, "one effect too many", f->model.ops[op].id);
            if (effect->type != expected->effects[n].type)
                return fuzz_fail(f, "an effect of another kind", f->model.ops[op].id);
            if (effect->type == EFFECT_ENDED ? !has_effect(expected, EFFECT_ENDED, op)
                                             : op != expected->effects[n].op)
                return fuzz_fail(f, "an effect on another operation", f->model.ops[op].id);
            n++;
        }
        if (!take_effect(f, effect, &seq, wall_ms))
            return false;
    }
    if (n < expected->n_effects)
        return fuzz_fail(f, "an effect is missing", f->model.ops[expected->effects[n].op].id);
    return true;
}

/* Age is decided by ticks, the number at once. */
static bool compare_history(struct fuzz *f, const struct event *event)
{
    const struct model *m = &f->model;
    if (m->remembered > m->remembered_max)
        return fuzz_fail(f, "too many are remembered", NULL);
    for (uint32_t i = 0; event->type == EVENT_TICK && i < m->n; i++)
        if (m->ops[i].known && m->ops[i].state == OP_ENDED &&
            age(&m->ops[i], event->wall_ms) > m->remembered_ms)
            return fuzz_fail(f, "remembered for too long", m->ops[i].id);
    return true;
}

/* Each waits for the next: the one that asked for the first, the last, its parent, for it. */
static bool compare_circle(struct fuzz *f, const struct ahead *circle)
{
    const struct model *m = &f->model;
    uint32_t from = m->n;
    if (circle->shown !=
        (circle->count < CORE_BLOCKERS_SHOWN ? circle->count : CORE_BLOCKERS_SHOWN))
        return fuzz_fail(f, "a deadlock shows another number", NULL);
    for (uint32_t i = 0; i < circle->shown; i++) {
        uint32_t next = model_of(f, circle->blockers[i].op);
        bool waits = from == m->n || m->ops[from].state == OP_WAITING;
        if (next == MODEL_NONE ||
            (waits ? !model_blocks(m, next, from) : m->ops[next].parent != from))
            return fuzz_fail(f, "a deadlock that is no circle", NULL);
        from = next;
    }
    if (circle->shown == circle->count && from != m->ops[m->n].parent)
        return fuzz_fail(f, "a circle that does not close", NULL);
    return true;
}

bool compare_outcome(struct fuzz *f, const struct model_outcome *expected,
                     const struct outcome *got, const struct event *event)
{
    if (got->status != expected->status && got->status != expected->or_status)
        return fuzz_fail(f, "another status:", status_names[got->status]);
    if (!compare_effects(f, expected, got, event->wall_ms) || !compare_history(f, event))
        return false;
    if (event->type == EVENT_TICK && core_next_deadline(f->core) <= event->until_ms)
        return fuzz_fail(f, "after a tick the next one is due at once", NULL);
    if (got->status != LOCKQ_OK)
        return true;
    if (got->repeated != expected->repeated || got->contended != expected->contended)
        return fuzz_fail(f, "repeated or contended is wrong", NULL);
    if (got->end != expected->left_out || got->refused != expected->refused)
        return fuzz_fail(f, "refused, stale or a deadlock, or not,", NULL);
    if (expected->refused && !got->ahead.more && got->ahead.count != expected->n_refusing)
        return fuzz_fail(f, "another number of operations refuse the extension", NULL);
    if (expected->left_out != END_NONE && got->op != NULL)
        return fuzz_fail(f, "left out, and yet an operation", NULL);
    if (expected->left_out == END_STALE && got->n_changes == 0)
        return fuzz_fail(f, "stale, without a change", NULL);
    /* What was refused is still where the next one will be. */
    if (expected->left_out == END_REFUSED && !event->passes &&
        !compare_ahead(f, f->model.n, &got->ahead))
        return false;
    if (expected->left_out == END_DEADLOCK && !compare_circle(f, &got->ahead))
        return false;
    f->n_deadlocks += expected->left_out == END_DEADLOCK;
    /* By ticket: it may have been forgotten in the step that ended it. */
    if (expected->op != MODEL_NONE && (got->op == NULL || got->op->ticket != expected->op + 1))
        return fuzz_fail(f, "the outcome names another operation", NULL);
    return true;
}

/* Other hash tables must not change a thing. */
bool compare_twin(struct fuzz *f, const struct outcome *got, const struct outcome *twin)
{
    if (got->status != twin->status || got->n_effects != twin->n_effects)
        return fuzz_fail(f, "the twin answers otherwise", NULL);
    for (uint32_t i = 0; i < got->n_effects; i++) {
        const struct op *a = got->effects[i].op, *b = twin->effects[i].op;
        if (got->effects[i].type != twin->effects[i].type || a->ticket != b->ticket ||
            a->seq != b->seq || a->token != b->token || a->state != b->state)
            return fuzz_fail(f, "the twin has other effects", f->model.ops[a->ticket - 1].id);
    }
    return true;
}
