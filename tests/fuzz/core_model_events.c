/*
 * What each event does in the model, but for the submit.
 */
#include "core_model_rules.h"

uint32_t model_find(const struct model *m, uint8_t ns, struct slice id)
{
    for (uint32_t i = m->n; i-- > 0;)
        if (m->ops[i].known && m->ops[i].ns == ns && slice_equal(slice_of(m->ops[i].id), id))
            return i;
    return MODEL_NONE;
}

static void on_claim(struct model *m, const struct event *event, struct model_op *op,
                     struct model_outcome *out)
{
    if (!op->detached)
        out->status = LOCKQ_NOT_OWNER;
    else if (op->state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    else if (op->claimed_by == event->session && event->tie && !op->tied) {
        op->tied = true;
        model_add_effect(m, out, EFFECT_CHANGED, out->op);
    } else if (op->claimed_by == event->session)
        out->repeated = true;
    else if (op->claimed_by != 0)
        out->status = LOCKQ_ALREADY_CLAIMED;
    else {
        op->claimed_by = event->session;
        op->tied = event->tie;
        if (op->payload != 0)
            op->runs_from = op->holds_from = event->now_ms;
        model_add_effect(m, out, EFFECT_CHANGED, out->op);
    }
}

enum lockq_status model_owns(const struct event *event, const struct model_op *op)
{
    if (event->token != 0)
        return event->token == op->token ? LOCKQ_OK : LOCKQ_WRONG_TOKEN;
    if (op->detached)
        return op->tied && op->claimed_by == event->session ? LOCKQ_OK : LOCKQ_NOT_OWNER;
    return op->session == event->session ? LOCKQ_OK : LOCKQ_NOT_OWNER;
}

static void on_renew(struct model *m, const struct event *event, struct model_op *op,
                     struct model_outcome *out)
{
    out->status = model_owns(event, op);
    if (out->status == LOCKQ_OK && op->state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    if (out->status == LOCKQ_OK && event->lease_ms >= 0 && (!op->detached || op->tied))
        out->status = LOCKQ_BAD_REQUEST;
    if (out->status != LOCKQ_OK)
        return;
    if (event->lease_ms >= 0)
        op->lease_ms = event->lease_ms;
    op->runs_from = event->now_ms;
    out->contended = model_contended(m, out->op);
    model_add_effect(m, out, EFFECT_CHANGED, out->op);
}

/* All its conflicts with the living are others now. */
static void meet_anew(struct model *m, uint32_t op)
{
    for (uint32_t i = 0; i < m->n_live; i++)
        m->meets[m->live[i]][op] = m->meets[op][m->live[i]] =
            model_conflict(&m->ops[op], &m->ops[m->live[i]]);
}

static bool is_among(const struct model_key *keys, uint32_t n, struct model_key key, bool any_mode)
{
    for (uint32_t i = 0; i < n; i++)
        if (keys[i].path == key.path && (any_mode || keys[i].exclusive == key.exclusive))
            return true;
    return false;
}

static void give_back(struct model *m, const struct event *event, struct model_op *op,
                      const struct model_key *given, uint32_t n_given, struct model_outcome *out)
{
    struct model_key held[MODEL_KEYS];
    uint32_t n = model_normal_keys(op->keys, op->n_keys, held), n_kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!is_among(given, n_given, held[i], true))
            op->keys[n_kept++] = held[i];
    op->n_keys = n_kept;
    if (n_kept == n) {
        out->repeated = true;
    } else if (n_kept > 0) {
        model_add_effect(m, out, EFFECT_CHANGED, out->op);
        for (uint32_t i = 0; i < n; i++)
            if (held[i].exclusive && !event->unchanged && is_among(given, n_given, held[i], true))
                model_note_change(m, op->ns, held[i].path);
        model_forget_changes(m);
        meet_anew(m, out->op);
    } else {
        memcpy(op->keys, held, n * sizeof *held);
        op->n_keys = n;
        if (model_has_children(m, out->op))
            out->status = LOCKQ_CHILDREN_ACTIVE;
        else
            model_end(m, event, out->op, END_RELEASED, out);
    }
}

static void on_release(struct model *m, const struct event *event, struct model_op *op,
                       const struct model_key *given, uint32_t n_given, struct model_outcome *out)
{
    out->status = model_owns(event, op);
    if (out->status != LOCKQ_OK)
        return;
    if (op->state == OP_ENDED && op->end == END_RELEASED)
        out->repeated = true;
    else if (op->state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    else if (n_given > 0)
        give_back(m, event, op, given, n_given, out);
    else if (model_has_children(m, out->op))
        out->status = LOCKQ_CHILDREN_ACTIVE;
    else
        model_end(m, event, out->op, END_RELEASED, out);
}

/* How many keep it from that: who holds and is not above it, and children that wait. */
static uint32_t count_refusing(const struct model *m, uint32_t op, const struct model_op *more)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_live; i++) {
        uint32_t by = m->live[i];
        bool counts = m->ops[by].state == OP_GRANTED ? !model_is_family(m, by, op)
                                                     : m->ops[by].parent != MODEL_NONE && by != op;
        n += counts && model_conflict(more, &m->ops[by]);
    }
    return n;
}

static void on_extend(struct model *m, const struct event *event, struct model_op *op,
                      const struct model_key *wanted, uint32_t n_wanted, struct model_outcome *out)
{
    struct model_key held[MODEL_KEYS], all[2 * MODEL_KEYS], united[2 * MODEL_KEYS];
    struct model_op more = {.ns = op->ns};
    out->status = model_owns(event, op);
    if (out->status == LOCKQ_OK && op->state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    if (out->status != LOCKQ_OK)
        return;
    uint32_t n = model_normal_keys(op->keys, op->n_keys, held);
    memcpy(all, held, n * sizeof *held);
    memcpy(all + n, wanted, n_wanted * sizeof *wanted);
    uint32_t n_united = model_normal_keys(all, n + n_wanted, united);
    for (uint32_t i = 0; i < n_united; i++)
        if (!is_among(held, n, united[i], false))
            more.keys[more.n_keys++] = united[i];
    out->n_refusing = count_refusing(m, out->op, &more);
    if (more.n_keys == 0) {
        out->repeated = true;
    } else if (out->n_refusing > 0) {
        out->refused = true;
    } else {
        memcpy(op->keys, united, n_united * sizeof *united);
        op->n_keys = n_united;
        meet_anew(m, out->op);
        model_add_effect(m, out, EFFECT_CHANGED, out->op);
    }
}

static void on_kill(struct model *m, const struct event *event, struct model_op *op,
                    struct model_outcome *out)
{
    if (op->state != OP_ENDED)
        model_end(m, event, out->op, END_KILLED, out);
    else if (op->end == END_KILLED)
        out->repeated = true;
    else
        out->status = LOCKQ_NOT_GRANTED;
}

static void on_cancel(struct model *m, const struct event *event, struct model_op *op,
                      struct model_outcome *out)
{
    bool foreign = !op->detached && op->session != event->session;
    if (op->state == OP_WAITING && !foreign)
        model_end(m, event, out->op, END_CANCELLED, out);
    else if (op->state == OP_ENDED && op->end == END_CANCELLED && !foreign)
        out->repeated = true;
    else if (op->state == OP_WAITING || op->end == END_CANCELLED)
        out->status = LOCKQ_NOT_OWNER;
    else {
        out->status = LOCKQ_NOT_WAITING;
        out->or_status = foreign ? LOCKQ_NOT_OWNER : LOCKQ_NOT_WAITING;
    }
}

static void on_session_end(struct model *m, const struct event *event, struct model_outcome *out)
{
    for (uint32_t i = 0; i < m->n; i++) {
        const struct model_op *op = &m->ops[i];
        bool is_tied = op->detached ? op->tied && op->claimed_by == event->session
                                    : op->session == event->session;
        if (op->state != OP_ENDED && is_tied)
            model_end(m, event, i, END_LOST, out);
    }
}

/* By deadline, then ticket: a child may end with its parent before its own time is decided. */
static void on_tick(struct model *m, const struct event *event, struct model_outcome *out)
{
    for (;;) {
        uint32_t first = MODEL_NONE;
        for (uint32_t i = 0; i < m->n_live; i++)
            if (model_deadline(&m->ops[m->live[i]]) <= event->until_ms &&
                (first == MODEL_NONE ||
                 model_deadline(&m->ops[m->live[i]]) < model_deadline(&m->ops[first])))
                first = m->live[i];
        if (first == MODEL_NONE)
            return;
        model_end(m, event, first, m->ops[first].state == OP_WAITING ? END_TIMEOUT : END_EXPIRED,
                  out);
    }
}

/* An event about one operation. */
static void on_op(struct model *m, const struct event *event, const struct model_key *keys,
                  uint32_t n_keys, struct model_outcome *out)
{
    uint8_t ns = slice_equal(event->ns, slice_of(model_namespaces[1]));
    out->op = model_find(m, ns, event->op);
    if (out->op == MODEL_NONE) {
        out->status = LOCKQ_NOT_FOUND;
        return;
    }
    struct model_op *op = &m->ops[out->op];
    if (event->type == EVENT_CLAIM)
        on_claim(m, event, op, out);
    else if (event->type == EVENT_RENEW)
        on_renew(m, event, op, out);
    else if (event->type == EVENT_RELEASE)
        on_release(m, event, op, keys, n_keys, out);
    else if (event->type == EVENT_EXTEND)
        on_extend(m, event, op, keys, n_keys, out);
    else if (event->type == EVENT_KILL)
        on_kill(m, event, op, out);
    else
        on_cancel(m, event, op, out);
}

void model_step(struct model *m, const struct event *event, const struct model_key *keys,
                uint32_t n_keys, struct model_outcome *out)
{
    out->status = out->or_status = LOCKQ_OK;
    out->left_out = END_NONE;
    out->refused = out->repeated = out->contended = false;
    out->op = MODEL_NONE;
    out->n_effects = 0;
    if (event->type == EVENT_SUBMIT)
        model_submit(m, event, keys, n_keys, out);
    else if (event->type == EVENT_TICK)
        on_tick(m, event, out);
    else if (event->type == EVENT_SESSION_END)
        on_session_end(m, event, out);
    else
        on_op(m, event, keys, n_keys, out);
    if (out->or_status == LOCKQ_OK)
        out->or_status = out->status;
    if (event->type != EVENT_SUBMIT)
        model_grant(m, event, out);
}
