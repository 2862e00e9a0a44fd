#include "core_draft.h"

#include <stdio.h>

static uint32_t below(struct fuzz *f, uint32_t n)
{
    return random_below(&f->random, n);
}

static bool percent(struct fuzz *f, uint32_t n)
{
    return random_percent(&f->random, n);
}

void fuzz_choose_temper(struct fuzz *f)
{
    struct temper *t = &f->temper;
    uint32_t n_paths = 1 + below(f, MODEL_PATHS);
    *t = (struct temper){
        .n_paths = percent(f, 50) ? MODEL_PATHS : n_paths,
        .n_sessions = 1 + below(f, MODEL_SESSIONS),
        .shared = below(f, 101),
        .detached = below(f, 101),
        .impatient = below(f, 40),
        .other_namespace = percent(f, 30) ? 40 : 0,
        .submit = 20 + below(f, 40),
        .release = 5 + below(f, 30),
        .claim = below(f, 12),
        .renew = below(f, 12),
        .cancel = below(f, 20),
        .repeat = below(f, 10),
        .end = below(f, 4),
        .children = percent(f, 60) ? below(f, 60) : 0,
        .passing = percent(f, 30) ? below(f, 30) : 0,
        .asking = percent(f, 40) ? below(f, 40) : 0,
        .holding = percent(f, 40) ? below(f, 40) : 0,
        .extend = percent(f, 60) ? below(f, 15) : 0,
        .kill = percent(f, 50) ? below(f, 4) : 0,
        .live_max = 3 + below(f, percent(f, 20) ? 100 : 30),
        .keys_max = 1 + below(f, MODEL_NAMED),
        .pause_ms = below(f, 8),
    };
    t->first_path = below(f, MODEL_PATHS - t->n_paths + 1);
}

static void draft_event(struct fuzz *f, struct draft *d, enum event_type type)
{
    memset(d, 0, sizeof *d);
    f->now_ms += below(f, f->temper.pause_ms + 1);
    if (f->wall_jumps && percent(f, 5))
        f->wall_ms = FUZZ_WALL_START + below(f, 3600000);
    d->event = (struct event){
        .type = type,
        .now_ms = f->now_ms,
        .wall_ms = fuzz_wall(f),
        .until_ms = f->now_ms,
        .session = 1 + below(f, f->temper.n_sessions),
        .wait_ms = CORE_FOREVER,
        .claim_in_ms = CORE_FOREVER,
        .lease_ms = type == EVENT_RENEW ? -1 : CORE_FOREVER,
        .who = SLICE("who"),
        .why = SLICE(""),
    };
}

static void draft_keys(struct fuzz *f, struct draft *d)
{
    d->n_named = 1 + below(f, f->temper.keys_max);
    for (uint32_t i = 0; i < d->n_named; i++) {
        /* The root meets everything: rare, or nothing else would be tried. */
        uint32_t path = f->temper.first_path + below(f, f->temper.n_paths);
        if (path == 0 && f->temper.n_paths > 1 && percent(f, 80))
            path = 1;
        d->named[i] = (struct model_key){(uint8_t)path, !percent(f, f->temper.shared)};
    }
}

/* What the core gets is normalised by the core: its own function is under test too. */
static void normalise(struct draft *d)
{
    for (uint32_t i = 0; i < d->n_named; i++)
        d->keys[i] = (struct core_key){slice_of(model_paths[d->named[i].path]),
                                       d->named[i].exclusive ? MODE_X : MODE_S};
    d->event.keys = d->keys;
    d->event.n_keys = core_normalise(d->keys, d->n_named);
}

static void draft_lease(struct fuzz *f, struct draft *d)
{
    d->event.detached = true;
    d->event.lease_ms = percent(f, 20) ? CORE_FOREVER : 1 + below(f, 120);
    if (percent(f, 30))
        d->event.claim_in_ms = 1 + below(f, 60);
    if (percent(f, 30)) {
        d->payload[0] = (char)('p' + below(f, 2));
        d->event.payload = slice_of(d->payload);
    }
}

/* Mostly a granted one of the same namespace, by its session or with its token. */
static void draft_parent(struct fuzz *f, struct draft *d)
{
    const struct model *m = &f->model;
    const struct model_op *op;
    if (m->n_live == 0)
        return;
    op = &m->ops[m->live[below(f, m->n_live)]];
    for (uint32_t i = 0; i < 8 && op->state != OP_GRANTED; i++)
        op = &m->ops[m->live[below(f, m->n_live)]];
    snprintf(d->parent, sizeof d->parent, "%s", op->id);
    d->event.parent = slice_of(d->parent);
    if (percent(f, 95))
        d->event.ns = slice_of(model_namespaces[op->ns]);
    if (percent(f, 80))
        d->event.parent_token = op->token;
    else
        d->event.session = op->session;
}

static void draft_conditions(struct fuzz *f, struct draft *d)
{
    const struct temper *t = &f->temper;
    if (percent(f, t->children))
        draft_parent(f, d);
    if (percent(f, t->holding))
        d->event.max_hold_ms = 1 + below(f, 80);
    if (percent(f, t->passing)) {
        d->event.passes = true;
        d->event.wait_ms = 0;
    }
    if (!percent(f, t->asking))
        return;
    d->event.on_change = percent(f, 50) ? CHANGE_ENDS : CHANGE_TOLD;
    d->event.unchanged_since =
        f->model.seq -
        below(f, (uint32_t)(f->model.seq + 1) < 40 ? (uint32_t)f->model.seq + 1 : 40);
}

static void draft_submit(struct fuzz *f, struct draft *d)
{
    draft_event(f, d, EVENT_SUBMIT);
    draft_keys(f, d);
    normalise(d);
    d->event.ns = slice_of(model_namespaces[percent(f, f->temper.other_namespace)]);
    if (percent(f, 95)) {
        snprintf(d->id, sizeof d->id, "n%u", ++f->n_named);
        d->event.op = slice_of(d->id);
    }
    if (percent(f, f->temper.impatient))
        d->event.wait_ms = percent(f, 40) ? 0 : 1 + below(f, 100);
    if (percent(f, f->temper.detached))
        draft_lease(f, d);
    draft_conditions(f, d);
}

/* A live operation in that state, from a random place on; any live one if there is none. */
static uint32_t choose_live(struct fuzz *f, enum op_state state)
{
    const struct model *m = &f->model;
    uint32_t from = below(f, m->n_live);
    for (uint32_t i = 0; i < m->n_live; i++) {
        uint32_t op = m->live[(from + i) % m->n_live];
        if (m->ops[op].state == state)
            return op;
    }
    return m->live[from];
}

/* Mostly one in that state, sometimes any live one, sometimes any of the latest. */
static uint32_t choose_op(struct fuzz *f, enum op_state state)
{
    const struct model *m = &f->model;
    if (m->n == 0)
        return MODEL_NONE;
    if (m->n_live > 0 && percent(f, 75))
        return choose_live(f, state);
    if (m->n_live > 0 && percent(f, 40))
        return m->live[below(f, m->n_live)];
    return m->n - 1 - below(f, m->n < 20 ? m->n : 20);
}

static bool draft_about(struct fuzz *f, struct draft *d, enum event_type type, enum op_state state)
{
    draft_event(f, d, type);
    uint32_t i = choose_op(f, state);
    if (i == MODEL_NONE)
        return false;
    const struct model_op *op = &f->model.ops[i];
    snprintf(d->id, sizeof d->id, "%s", op->id);
    d->event.op = slice_of(d->id);
    d->event.ns = slice_of(model_namespaces[percent(f, 98) ? op->ns : 1 - op->ns]);
    if (percent(f, 70))
        d->event.session = op->session;
    return true;
}

/* The operation that it is about; NULL: its namespace has none of that id. */
static const struct model_op *op_of(const struct fuzz *f, const struct draft *d)
{
    uint32_t i =
        model_find(&f->model, slice_equal(d->event.ns, slice_of(model_namespaces[1])), d->event.op);
    return i != MODEL_NONE ? &f->model.ops[i] : NULL;
}

/* Mostly the right one, sometimes none, one that was another's or one of nobody. */
static void draft_token(struct fuzz *f, struct draft *d)
{
    const struct model_op *op = op_of(f, d);
    if (op == NULL)
        return;
    if (percent(f, op->detached ? 90 : 40))
        d->event.token = op->token;
    else if (percent(f, 10))
        d->event.token = f->model.ops[below(f, f->model.n)].token + below(f, 2);
}

/* The same again, perhaps told otherwise, perhaps with one thing changed. What got its ticket's
 * digits as id cannot be repeated: no client may give such an id. */
static bool draft_repeat(struct fuzz *f, struct draft *d)
{
    if (!draft_about(f, d, EVENT_SUBMIT, OP_WAITING) || d->id[0] != 'n')
        return false;
    const struct model_op *op = op_of(f, d);
    if (op == NULL)
        return false;
    d->n_named = op->n_asked;
    for (uint32_t k = 0; k < d->n_named; k++)
        d->named[k] = op->asked[d->n_named - 1 - k];
    if (d->n_named < MODEL_NAMED && percent(f, 50)) {
        d->named[d->n_named] = d->named[below(f, d->n_named)];
        d->n_named++;
    }
    d->event.detached = op->detached;
    d->event.lease_ms = op->asked_lease_ms;
    d->event.claim_in_ms = op->claim_in_ms;
    d->payload[0] = op->payload;
    if (op->payload != 0)
        d->event.payload = slice_of(d->payload);
    d->event.max_hold_ms = op->max_hold_ms;
    d->event.on_change = op->on_change;
    d->event.unchanged_since = op->unchanged_since + percent(f, 5);
    if (op->parent != MODEL_NONE && !f->model.ops[op->parent].known)
        return false;
    if (op->parent != MODEL_NONE) {
        snprintf(d->parent, sizeof d->parent, "%s", f->model.ops[op->parent].id);
        d->event.parent = slice_of(d->parent);
    }
    if (percent(f, 15))
        draft_keys(f, d);
    if (percent(f, 10))
        draft_lease(f, d);
    d->event.wait_ms = percent(f, 20) ? 0 : 1 + below(f, 50);
    normalise(d);
    return true;
}

static bool draft_renew(struct fuzz *f, struct draft *d)
{
    if (!draft_about(f, d, EVENT_RENEW, OP_GRANTED))
        return false;
    draft_token(f, d);
    const struct model_op *op = op_of(f, d);
    if (op != NULL && op->detached && percent(f, 50))
        d->event.lease_ms = percent(f, 10) ? CORE_FOREVER : 1 + below(f, 100);
    return true;
}

/* Some of its keys, and some that it does not hold; in any mode. */
static bool draft_release(struct fuzz *f, struct draft *d)
{
    if (!draft_about(f, d, EVENT_RELEASE, OP_GRANTED))
        return false;
    draft_token(f, d);
    d->event.unchanged = percent(f, 20);
    const struct model_op *op = op_of(f, d);
    if (f->temper.extend == 0 || percent(f, 50) || op == NULL)
        return true;
    draft_keys(f, d);
    for (uint32_t k = 0; k < d->n_named; k++)
        if (percent(f, 80) && op->n_keys > 0)
            d->named[k] = op->keys[below(f, op->n_keys)];
    for (uint32_t k = 0; k < d->n_named; k++)
        d->keys[k] = (struct core_key){slice_of(model_paths[d->named[k].path]), MODE_X};
    d->event.keys = d->keys;
    d->event.n_keys = core_sort_keys(d->keys, d->n_named);
    return true;
}

static bool draft_extend(struct fuzz *f, struct draft *d)
{
    if (!draft_about(f, d, EVENT_EXTEND, OP_GRANTED))
        return false;
    draft_token(f, d);
    const struct model_op *op = op_of(f, d);
    if (op != NULL && op->n_keys + MODEL_NAMED > MODEL_KEYS)
        return false;
    draft_keys(f, d);
    normalise(d);
    return true;
}

bool fuzz_draft(struct fuzz *f, struct draft *d)
{
    const struct temper *t = &f->temper;
    uint32_t roll = below(f, 100 + t->repeat + t->end);
    if (percent(f, t->extend))
        return draft_extend(f, d);
    if (percent(f, t->kill))
        return draft_about(f, d, EVENT_KILL, OP_GRANTED);
    if (f->model.n_live >= t->live_max && roll < t->submit)
        roll = t->submit + below(f, t->release + 1);
    if (roll < t->submit) {
        draft_submit(f, d);
        return true;
    }
    if ((roll -= t->submit) < t->release) {
        return draft_release(f, d);
    }
    if ((roll -= t->release) < t->claim) {
        bool some = draft_about(f, d, EVENT_CLAIM, OP_GRANTED);
        d->event.tie = percent(f, 40);
        return some;
    }
    if ((roll -= t->claim) < t->renew)
        return draft_renew(f, d);
    if ((roll -= t->renew) < t->cancel)
        return draft_about(f, d, EVENT_CANCEL, OP_WAITING);
    if ((roll -= t->cancel) < t->repeat)
        return draft_repeat(f, d);
    draft_event(f, d, roll - t->repeat < t->end ? EVENT_SESSION_END : EVENT_TICK);
    if (d->event.type == EVENT_TICK && percent(f, 30))
        d->event.until_ms -= below(f, 20);
    return true;
}
