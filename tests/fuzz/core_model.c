#include "core_model.h"

#include <stdio.h>

/* --- the rules ------------------------------------------------------------------------------ */

static bool conflict(const struct model_op *a, const struct model_op *b)
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

bool model_blocks(const struct model *m, uint32_t by, uint32_t op)
{
    return by != op && m->meets[by][op] &&
           (m->ops[by].state == OP_GRANTED ||
            (m->ops[by].state == OP_WAITING && m->ops[by].ticket < m->ops[op].ticket));
}

static bool is_blocked(const struct model *m, uint32_t op)
{
    for (uint32_t i = 0; i < m->n_live; i++)
        if (model_blocks(m, m->live[i], op))
            return true;
    return false;
}

bool model_contended(const struct model *m, uint32_t op)
{
    for (uint32_t i = 0; i < m->n_live; i++)
        if (m->ops[m->live[i]].state == OP_WAITING && m->meets[op][m->live[i]])
            return m->ops[op].state == OP_GRANTED;
    return false;
}

static int64_t after(int64_t from, int64_t duration)
{
    return duration == CORE_FOREVER ? CORE_FOREVER : from + duration;
}

int64_t model_deadline(const struct model_op *op)
{
    if (op->state == OP_WAITING)
        return after(op->waits_from, op->wait_ms);
    if (op->state == OP_ENDED || !op->detached)
        return CORE_FOREVER;
    int64_t lease = after(op->runs_from, op->lease_ms);
    int64_t claim = after(op->granted_at, op->claim_in_ms);
    if (op->claimed_by != 0)
        return lease;
    if (op->payload != 0)
        return claim;
    return lease < claim ? lease : claim;
}

static void add_effect(struct model *m, struct model_outcome *out, enum effect_type type,
                       uint32_t op)
{
    m->seq++;
    out->effects[out->n_effects].type = type;
    out->effects[out->n_effects++].op = op;
}

/* A grant unblocks nobody, so one pass in ticket order finds all. */
static void grant(struct model *m, int64_t now_ms, struct model_outcome *out)
{
    for (uint32_t i = 0; i < m->n_live; i++) {
        struct model_op *op = &m->ops[m->live[i]];
        if (op->state != OP_WAITING || is_blocked(m, m->live[i]))
            continue;
        op->state = OP_GRANTED;
        op->granted_at = op->runs_from = now_ms;
        add_effect(m, out, EFFECT_GRANTED, m->live[i]);
    }
}

static void end(struct model *m, const struct event *event, uint32_t op, enum op_end how,
                struct model_outcome *out)
{
    uint32_t i = 0;
    while (m->live[i] != op)
        i++;
    m->n_live--;
    memmove(&m->live[i], &m->live[i + 1], (m->n_live - i) * sizeof m->live[0]);
    m->ops[op].state = OP_ENDED;
    m->ops[op].end = how;
    m->ops[op].ended_ms = event->wall_ms;
    m->remembered++;
    add_effect(m, out, EFFECT_ENDED, op);
}

/* --- events --------------------------------------------------------------------------------- */

uint32_t model_find(const struct model *m, uint8_t ns, struct slice id)
{
    for (uint32_t i = m->n; i-- > 0;)
        if (m->ops[i].known && m->ops[i].ns == ns && slice_equal(slice_of(m->ops[i].id), id))
            return i;
    return MODEL_NONE;
}

static bool same_keys(const struct model_op *a, const struct model_op *b)
{
    struct model_key of_a[MODEL_KEYS], of_b[MODEL_KEYS];
    uint32_t n = model_normal_keys(a->keys, a->n_keys, of_a);
    if (n != model_normal_keys(b->keys, b->n_keys, of_b))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (of_a[i].path != of_b[i].path || of_a[i].exclusive != of_b[i].exclusive)
            return false;
    return true;
}

static bool same_content(const struct model_op *a, const struct model_op *b)
{
    return a->detached == b->detached && a->asked_lease_ms == b->asked_lease_ms &&
           a->claim_in_ms == b->claim_in_ms && a->payload == b->payload && same_keys(a, b);
}

static void repeat(const struct model *m, const struct model_op *asked, uint32_t found,
                   struct model_outcome *out)
{
    const struct model_op *op = &m->ops[found];
    bool foreign = !op->detached && op->session != asked->session;
    if (!same_content(op, asked)) {
        out->status = LOCKQ_OP_REUSED;
        out->or_status = foreign ? LOCKQ_NOT_OWNER : LOCKQ_OP_REUSED;
    } else if (foreign)
        out->status = out->or_status = LOCKQ_NOT_OWNER;
    else {
        out->repeated = true;
        out->op = found;
    }
}

static void enter(struct model *m, const struct event *event, const struct model_op *asked,
                  struct model_outcome *out)
{
    uint32_t op = m->n;
    m->ops[op] = *asked;
    for (uint32_t i = 0; i < m->n_live; i++)
        m->meets[m->live[i]][op] = m->meets[op][m->live[i]] = conflict(asked, &m->ops[m->live[i]]);
    m->live[m->n_live++] = op;
    if (event->wait_ms == 0 && is_blocked(m, op)) {
        m->n_live--;
        out->refused = true;
        return;
    }
    m->n++;
    out->op = op;
    if (event->op.n == 0)
        snprintf(m->ops[op].id, sizeof m->ops[op].id, "%llu", (unsigned long long)asked->ticket);
    add_effect(m, out, EFFECT_SUBMITTED, op);
    grant(m, event->now_ms, out);
}

static void on_submit(struct model *m, const struct event *event, const struct model_key *keys,
                      uint32_t n_keys, struct model_outcome *out)
{
    struct model_op asked = {
        .ns = slice_equal(event->ns, slice_of(model_namespaces[1])),
        .ticket = m->n + 1,
        .session = event->session,
        .n_keys = n_keys,
        .detached = event->detached,
        .known = true,
        .payload = event->payload.at != NULL ? event->payload.at[0] : (char)0,
        .wait_ms = event->wait_ms,
        .claim_in_ms = event->claim_in_ms,
        .lease_ms = event->lease_ms,
        .asked_lease_ms = event->lease_ms,
        .waits_from = event->now_ms,
        .state = OP_WAITING,
    };
    memcpy(asked.keys, keys, n_keys * sizeof *keys);
    if (event->op.n > 0)
        memcpy(asked.id, event->op.at, event->op.n);
    uint32_t found = event->op.n > 0 ? model_find(m, asked.ns, event->op) : MODEL_NONE;
    if (found != MODEL_NONE)
        repeat(m, &asked, found, out);
    else
        enter(m, event, &asked, out);
}

static void on_claim(struct model *m, const struct event *event, struct model_op *op,
                     struct model_outcome *out)
{
    if (!op->detached)
        out->status = LOCKQ_NOT_OWNER;
    else if (op->state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    else if (op->claimed_by == event->session)
        out->repeated = true;
    else if (op->claimed_by != 0)
        out->status = LOCKQ_ALREADY_CLAIMED;
    else {
        op->claimed_by = event->session;
        if (op->payload != 0)
            op->runs_from = event->now_ms;
        add_effect(m, out, EFFECT_CHANGED, out->op);
    }
}

/* Whoever knows the token, and without one the session of a tied operation. */
static enum lockq_status owns(const struct event *event, const struct model_op *op)
{
    if (event->token != 0)
        return event->token == op->token ? LOCKQ_OK : LOCKQ_WRONG_TOKEN;
    return op->detached || op->session != event->session ? LOCKQ_NOT_OWNER : LOCKQ_OK;
}

static void on_renew(struct model *m, const struct event *event, struct model_op *op,
                     struct model_outcome *out)
{
    out->status = owns(event, op);
    if (out->status == LOCKQ_OK && op->state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    if (out->status != LOCKQ_OK)
        return;
    if (event->lease_ms >= 0)
        op->lease_ms = event->lease_ms;
    op->runs_from = event->now_ms;
    out->contended = model_contended(m, out->op);
    add_effect(m, out, EFFECT_CHANGED, out->op);
}

static void on_release(struct model *m, const struct event *event, struct model_op *op,
                       struct model_outcome *out)
{
    out->status = owns(event, op);
    if (out->status != LOCKQ_OK)
        return;
    if (op->state == OP_ENDED && op->end == END_RELEASED)
        out->repeated = true;
    else if (op->state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    else
        end(m, event, out->op, END_RELEASED, out);
}

static void on_cancel(struct model *m, const struct event *event, struct model_op *op,
                      struct model_outcome *out)
{
    bool foreign = !op->detached && op->session != event->session;
    if (op->state == OP_WAITING && !foreign)
        end(m, event, out->op, END_CANCELLED, out);
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
    for (uint32_t i = 0; i < m->n; i++)
        if (m->ops[i].state != OP_ENDED && !m->ops[i].detached &&
            m->ops[i].session == event->session)
            end(m, event, i, END_LOST, out);
}

static void on_tick(struct model *m, const struct event *event, struct model_outcome *out)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (m->ops[i].state != OP_ENDED && model_deadline(&m->ops[i]) <= event->until_ms)
            end(m, event, i, m->ops[i].state == OP_WAITING ? END_TIMEOUT : END_EXPIRED, out);
}

/* An event about one operation. */
static void on_op(struct model *m, const struct event *event, struct model_outcome *out)
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
        on_release(m, event, op, out);
    else
        on_cancel(m, event, op, out);
}

void model_step(struct model *m, const struct event *event, const struct model_key *keys,
                uint32_t n_keys, struct model_outcome *out)
{
    out->status = out->or_status = LOCKQ_OK;
    out->refused = out->repeated = out->contended = false;
    out->op = MODEL_NONE;
    out->n_effects = 0;
    if (event->type == EVENT_SUBMIT)
        on_submit(m, event, keys, n_keys, out);
    else if (event->type == EVENT_TICK)
        on_tick(m, event, out);
    else if (event->type == EVENT_SESSION_END)
        on_session_end(m, event, out);
    else
        on_op(m, event, out);
    if (out->or_status == LOCKQ_OK)
        out->or_status = out->status;
    if (event->type != EVENT_SUBMIT)
        grant(m, event->now_ms, out);
}

/* --- life ----------------------------------------------------------------------------------- */

void model_init(struct model *m, uint64_t remembered_max, uint64_t remembered_ms)
{
    model_compare_paths();
    m->n = m->n_live = m->remembered = 0;
    m->seq = m->ended = m->highest_token = 0;
    m->remembered_max = remembered_max;
    m->remembered_ms = remembered_ms;
}

void model_recover(struct model *m, int64_t now_ms, struct model_outcome *out)
{
    for (uint32_t i = 0; i < m->n_live; i++) {
        struct model_op *op = &m->ops[m->live[i]];
        op->waits_from = op->granted_at = op->runs_from = now_ms;
    }
    out->status = out->or_status = LOCKQ_OK;
    out->refused = out->repeated = out->contended = false;
    out->op = MODEL_NONE;
    out->n_effects = 0;
    grant(m, now_ms, out);
}

void model_ungrant(struct model *m, uint32_t op)
{
    m->ops[op].state = OP_WAITING;
    m->ops[op].token = 0;
}

void model_forget(struct model *m, uint32_t op)
{
    m->ops[op].known = false;
    m->remembered--;
}
