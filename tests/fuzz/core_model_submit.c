/*
 * What a submit does in the model: it repeats another, or leaves nothing behind, or enters.
 */
#include <stdio.h>

#include "core_model_rules.h"

static bool same_keys(const struct model_op *a, const struct model_op *b)
{
    struct model_key of_a[MODEL_KEYS], of_b[MODEL_KEYS];
    uint32_t n = model_normal_keys(a->asked, a->n_asked, of_a);
    if (n != model_normal_keys(b->asked, b->n_asked, of_b))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (of_a[i].path != of_b[i].path || of_a[i].exclusive != of_b[i].exclusive)
            return false;
    return true;
}

static bool same_content(const struct model_op *a, const struct model_op *b)
{
    return a->detached == b->detached && a->asked_lease_ms == b->asked_lease_ms &&
           a->claim_in_ms == b->claim_in_ms && a->payload == b->payload && a->parent == b->parent &&
           a->max_hold_ms == b->max_hold_ms && a->on_change == b->on_change &&
           (a->on_change == CHANGE_IGNORED || a->unchanged_since == b->unchanged_since) &&
           same_keys(a, b);
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

/* Those who wait and are not children do not keep back who passes. */
static bool is_kept(const struct model *m, const struct event *event, uint32_t op)
{
    for (uint32_t i = 0; i < m->n_live; i++) {
        const struct model_op *by = &m->ops[m->live[i]];
        bool is_passed = by->state == OP_WAITING && by->parent == MODEL_NONE;
        if (model_blocks(m, m->live[i], op) && !(event->passes && is_passed))
            return true;
    }
    return false;
}

/* Tells of each who is passed; false: one of them was passed too often. */
static bool pass(struct model *m, uint32_t op, bool counts)
{
    for (uint32_t i = 0; i < m->n_live; i++) {
        struct model_op *by = &m->ops[m->live[i]];
        if (by->state != OP_WAITING || by->parent != MODEL_NONE || !m->meets[m->live[i]][op] ||
            m->live[i] == op)
            continue;
        if (by->n_passed == CORE_PASSED_MAX)
            return false;
        by->n_passed += counts;
    }
    return true;
}

/* Whether `from` waits, directly or not, for `op`. */
static bool waits_for(const struct model *m, uint32_t from, uint32_t op, bool *seen)
{
    if (seen[from])
        return false;
    seen[from] = true;
    for (uint32_t i = 0; i < m->n_live; i++) {
        uint32_t next = m->live[i];
        bool is_edge = m->ops[from].state == OP_WAITING ? model_blocks(m, next, from)
                                                        : m->ops[next].parent == from;
        if (is_edge && (next == op || waits_for(m, next, op, seen)))
            return true;
    }
    return false;
}

static enum op_end left_out(struct model *m, const struct event *event, uint32_t op)
{
    bool seen[MODEL_OPS] = {false};
    bool is_free = event->passes
                       ? !is_kept(m, event, op) && (!model_is_blocked(m, op) || pass(m, op, false))
                       : !model_is_blocked(m, op);
    if (m->ops[op].on_change != CHANGE_IGNORED && model_any_changed(m, &m->ops[op])) {
        if (m->ops[op].on_change == CHANGE_ENDS)
            return END_STALE;
        m->ops[op].told = is_free;
    }
    if (is_free)
        return END_NONE;
    if (event->wait_ms == 0)
        return END_REFUSED;
    return m->ops[op].parent != MODEL_NONE && waits_for(m, op, op, seen) ? END_DEADLOCK : END_NONE;
}

static void enter(struct model *m, const struct event *event, const struct model_op *asked,
                  struct model_outcome *out)
{
    uint32_t op = m->n;
    m->ops[op] = *asked;
    for (uint32_t i = 0; i < m->n_live; i++)
        m->meets[m->live[i]][op] = m->meets[op][m->live[i]] =
            model_conflict(asked, &m->ops[m->live[i]]);
    m->live[m->n_live++] = op;
    out->left_out = left_out(m, event, op);
    if (out->left_out != END_NONE) {
        m->n_live--;
        return;
    }
    m->n++;
    out->op = op;
    if (event->op.n == 0)
        snprintf(m->ops[op].id, sizeof m->ops[op].id, "%llu", (unsigned long long)asked->ticket);
    model_add_effect(m, out, EFFECT_SUBMITTED, op);
    if (event->passes) {
        pass(m, op, true);
        m->ops[op].state = OP_GRANTED;
        m->ops[op].granted_at = m->ops[op].runs_from = m->ops[op].holds_from = event->now_ms;
        model_add_effect(m, out, EFFECT_GRANTED, op);
    }
    model_grant(m, event, out);
}

/* False: there is no parent, or it may not be one; the status says why. */
static bool find_parent(const struct model *m, const struct event *event, struct model_op *asked,
                        struct model_outcome *out)
{
    asked->parent = MODEL_NONE;
    if (event->parent.at == NULL)
        return true;
    asked->parent = model_find(m, asked->ns, event->parent);
    if (asked->parent == MODEL_NONE) {
        out->status = LOCKQ_NOT_FOUND;
        return false;
    }
    const struct event as_owner = {.session = event->session, .token = event->parent_token};
    out->status = model_owns(&as_owner, &m->ops[asked->parent]);
    if (out->status == LOCKQ_OK && m->ops[asked->parent].state != OP_GRANTED)
        out->status = LOCKQ_NOT_GRANTED;
    return out->status == LOCKQ_OK;
}

void model_submit(struct model *m, const struct event *event, const struct model_key *keys,
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
        .max_hold_ms = event->max_hold_ms,
        .on_change = event->on_change,
        .unchanged_since = event->unchanged_since,
        .waits_from = event->now_ms,
        .state = OP_WAITING,
        .n_asked = n_keys,
    };
    enum lockq_status status;
    memcpy(asked.keys, keys, n_keys * sizeof *keys);
    memcpy(asked.asked, keys, n_keys * sizeof *keys);
    if (event->op.n > 0)
        memcpy(asked.id, event->op.at, event->op.n);
    uint32_t found = event->op.n > 0 ? model_find(m, asked.ns, event->op) : MODEL_NONE;
    bool has_parent = find_parent(m, event, &asked, out);
    status = out->status;
    out->status = LOCKQ_OK;
    if (found != MODEL_NONE)
        repeat(m, &asked, found, out);
    else if (has_parent)
        enter(m, event, &asked, out);
    else
        out->status = status;
}
