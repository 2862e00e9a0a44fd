#include "core_model_rules.h"

/* --- the rules ------------------------------------------------------------------------------ */

bool model_conflict(const struct model_op *a, const struct model_op *b)
{
    if (a->ns != b->ns)
        return false;
    for (uint32_t i = 0; i < a->n_keys; i++)
        for (uint32_t j = 0; j < b->n_keys; j++)
            if ((a->keys[i].exclusive || b->keys[j].exclusive) &&
                model_overlap(a->keys[i].path, b->keys[j].path))
                return true;
    return false;
}

bool model_is_family(const struct model *m, uint32_t op, uint32_t of)
{
    while (of != MODEL_NONE && of != op)
        of = m->ops[of].parent;
    return of != MODEL_NONE;
}

bool model_blocks(const struct model *m, uint32_t by, uint32_t op)
{
    const struct model_op *a = &m->ops[by], *b = &m->ops[op];
    if (by == op || !m->meets[by][op] || model_is_family(m, by, op))
        return false;
    if (a->state != OP_WAITING)
        return a->state == OP_GRANTED;
    if ((a->parent != MODEL_NONE) != (b->parent != MODEL_NONE))
        return a->parent != MODEL_NONE;
    return a->ticket < b->ticket;
}

bool model_is_blocked(const struct model *m, uint32_t op)
{
    for (uint32_t i = 0; i < m->n_live; i++)
        if (model_blocks(m, m->live[i], op))
            return true;
    return false;
}

bool model_contended(const struct model *m, uint32_t op)
{
    for (uint32_t i = 0; i < m->n_live; i++)
        if (m->ops[m->live[i]].state == OP_WAITING && model_blocks(m, op, m->live[i]))
            return m->ops[op].state == OP_GRANTED;
    return false;
}

static int64_t after(int64_t from, int64_t duration)
{
    return duration == CORE_FOREVER ? CORE_FOREVER : from + duration;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t model_deadline(const struct model_op *op)
{
    int64_t deadline = CORE_FOREVER;
    if (op->state == OP_WAITING)
        return after(op->waits_from, op->wait_ms);
    if (op->state == OP_ENDED)
        return CORE_FOREVER;
    bool runs = !op->detached || op->payload == 0 || op->claimed_by != 0;
    if (op->detached && op->claimed_by == 0)
        deadline = after(op->granted_at, op->claim_in_ms);
    if (runs && op->detached && !op->tied)
        deadline = earlier(deadline, after(op->runs_from, op->lease_ms));
    if (runs && op->max_hold_ms != 0)
        deadline = earlier(deadline, op->holds_from + op->max_hold_ms);
    return deadline;
}

void model_add_effect(struct model *m, struct model_outcome *out, enum effect_type type,
                      uint32_t op)
{
    m->seq++;
    out->effects[out->n_effects].type = type;
    out->effects[out->n_effects++].op = op;
}

/* --- ends and grants ------------------------------------------------------------------------ */

static void end_one(struct model *m, const struct event *event, uint32_t op, enum op_end how,
                    struct model_outcome *out)
{
    struct model_key keys[MODEL_KEYS];
    uint32_t i = 0, n = model_normal_keys(m->ops[op].keys, m->ops[op].n_keys, keys);
    bool changes =
        m->ops[op].state == OP_GRANTED && !(event->type == EVENT_RELEASE && event->unchanged);
    while (m->live[i] != op)
        i++;
    m->n_live--;
    memmove(&m->live[i], &m->live[i + 1], (m->n_live - i) * sizeof m->live[0]);
    m->ops[op].state = OP_ENDED;
    m->ops[op].end = how;
    m->ops[op].ended_ms = event->wall_ms;
    m->remembered++;
    model_add_effect(m, out, EFFECT_ENDED, op);
    m->ops[op].seq = m->seq; /* until the core has told in which order they end */
    for (uint32_t k = 0; changes && k < n; k++)
        if (keys[k].exclusive)
            model_note_change(m, m->ops[op].ns, keys[k].path);
    model_forget_changes(m);
}

/* With those below it, the youngest first. */
void model_end(struct model *m, const struct event *event, uint32_t op, enum op_end how,
               struct model_outcome *out)
{
    for (uint32_t i = m->n; i-- > 0;)
        if (m->ops[i].state != OP_ENDED && i != op && model_is_family(m, op, i))
            end_one(m, event, i, how, out);
    end_one(m, event, op, how, out);
}

bool model_has_children(const struct model *m, uint32_t op)
{
    for (uint32_t i = 0; i < m->n_live; i++)
        if (m->ops[m->live[i]].parent == op)
            return true;
    return false;
}

/* Whoever is free and stale ends first; that may make others free. */
static void end_stale(struct model *m, const struct event *event, struct model_outcome *out)
{
    for (uint32_t i = 0; i < m->n_live; i++) {
        struct model_op *op = &m->ops[m->live[i]];
        if (op->state != OP_WAITING || model_is_blocked(m, m->live[i]) ||
            op->on_change == CHANGE_IGNORED || op->told || !model_any_changed(m, op))
            continue;
        op->told = true;
        if (op->on_change == CHANGE_ENDS) {
            model_end(m, event, m->live[i], END_STALE, out);
            i = UINT32_MAX; /* from the first again */
        }
    }
}

/* A grant unblocks nobody, so one pass in ticket order finds all. */
void model_grant(struct model *m, const struct event *event, struct model_outcome *out)
{
    end_stale(m, event, out);
    for (uint32_t i = 0; i < m->n_live; i++) {
        struct model_op *op = &m->ops[m->live[i]];
        if (op->state != OP_WAITING || model_is_blocked(m, m->live[i]))
            continue;
        op->state = OP_GRANTED;
        op->granted_at = op->runs_from = op->holds_from = event->now_ms;
        model_add_effect(m, out, EFFECT_GRANTED, m->live[i]);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

void model_init(struct model *m, const struct core_limits *limits)
{
    model_compare_paths();
    m->n = m->n_live = m->remembered = 0;
    m->seq = m->ended = m->highest_token = m->floor = 0;
    m->n_changes = m->n_noted = 0;
    m->remembered_max = limits->remembered;
    m->remembered_ms = limits->remembered_ms;
    m->noted_max = limits->changed_keys;
}

void model_recover(struct model *m, int64_t now_ms, uint64_t wall_ms, struct model_outcome *out)
{
    const struct event start = {.type = EVENT_TICK, .now_ms = now_ms, .wall_ms = wall_ms};

    for (uint32_t i = 0; i < m->n_live; i++) {
        struct model_op *op = &m->ops[m->live[i]];
        op->waits_from = op->granted_at = op->runs_from = op->holds_from = now_ms;
    }
    m->floor = m->seq;
    m->n_noted = 0;
    out->status = out->or_status = LOCKQ_OK;
    out->left_out = END_NONE;
    out->refused = out->repeated = out->contended = false;
    out->op = MODEL_NONE;
    out->n_effects = 0;
    model_grant(m, &start, out);
}

void model_ungrant(struct model *m, uint32_t op)
{
    m->ops[op].state = OP_WAITING;
    m->ops[op].token = 0;
    m->ops[op].told = false;
}

void model_forget(struct model *m, uint32_t op)
{
    m->ops[op].known = false;
    m->remembered--;
}
