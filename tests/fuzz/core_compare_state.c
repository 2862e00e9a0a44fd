/*
 * Whether the core answers every question about its state as the model does.
 */
#include "core_fuzz.h"

/* --- ahead ---------------------------------------------------------------------------------- */

static bool keys_conflict(const struct model_key *a, const struct model_key *b)
{
    return (a->exclusive || b->exclusive) && model_overlap(a->path, b->path);
}

/* The first key of `op`, in byte order, that conflicts with one of keys[n]; its place. */
static uint32_t first_conflict(const struct model_key *of, uint32_t n_of,
                               const struct model_key *keys, uint32_t n)
{
    for (uint32_t i = 0; i < n_of; i++)
        for (uint32_t j = 0; j < n; j++)
            if (keys_conflict(&of[i], &keys[j]))
                return i;
    return MODEL_NONE;
}

/* What a blocker named: its first key that conflicts with us, or with the first of our keys with
 * which it conflicts at all. The contract can be read either way. */
static bool named_right(const struct fuzz *f, uint32_t op, uint32_t by, const struct blocker *told)
{
    struct model_key ours[MODEL_KEYS], theirs[MODEL_KEYS];
    const struct model_op *a = &f->model.ops[op], *b = &f->model.ops[by];
    uint32_t n_ours = model_normal_keys(a->keys, a->n_keys, ours);
    uint32_t n_theirs = model_normal_keys(b->keys, b->n_keys, theirs);
    uint32_t first = first_conflict(theirs, n_theirs, ours, n_ours);
    uint32_t ours_first = first_conflict(ours, n_ours, theirs, n_theirs);
    uint32_t second = first_conflict(theirs, n_theirs, &ours[ours_first], 1);
    const struct model_key *key[2] = {&theirs[first], &theirs[second]};
    for (uint32_t i = 0; i < 2; i++)
        if (slice_equal(told->key, slice_of(model_paths[key[i]->path])) &&
            told->mode == (key[i]->exclusive ? MODE_X : MODE_S))
            return true;
    return false;
}

/* Where the walk meets a blocker: at which of our keys, and there holders stand before children,
 * and these before the others that wait, by ticket. */
static uint64_t place_in_walk(const struct fuzz *f, uint32_t op, uint32_t by)
{
    struct model_key ours[MODEL_KEYS];
    const struct model_op *a = &f->model.ops[op], *b = &f->model.ops[by];
    uint32_t n = model_normal_keys(a->keys, a->n_keys, ours);
    uint64_t key = first_conflict(ours, n, b->keys, b->n_keys);
    uint64_t class = b->state == OP_GRANTED ? 0 : b->parent != MODEL_NONE ? 1 : 2;
    return key << 40 | class << 32 | (b->state == OP_GRANTED ? 0 : b->ticket);
}

static bool compare_blockers(struct fuzz *f, uint32_t op, const struct ahead *told)
{
    bool seen[MODEL_OPS] = {false};
    const char *id = f->model.ops[op].id;
    uint64_t place = 0;
    for (uint32_t i = 0; i < told->shown; i++) {
        uint32_t by = model_of(f, told->blockers[i].op);
        if (by == MODEL_NONE || seen[by] || !model_blocks(&f->model, by, op))
            return fuzz_fail(f, "a blocker that is none, or twice, for", id);
        if (!named_right(f, op, by, &told->blockers[i]))
            return fuzz_fail(f, "a blocker with another key or mode for", id);
        if (place_in_walk(f, op, by) < place)
            return fuzz_fail(f, "blockers in another order for", id);
        place = place_in_walk(f, op, by);
        seen[by] = true;
    }
    return true;
}

bool compare_ahead(struct fuzz *f, uint32_t op, const struct ahead *told)
{
    const struct model *m = &f->model;
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->n_live; i++)
        count += m->ops[op].state == OP_WAITING && model_blocks(m, m->live[i], op);
    if (told->more ? told->count > count : told->count != count)
        return fuzz_fail(f, "another number of operations ahead of", m->ops[op].id);
    uint32_t shown = told->count < CORE_BLOCKERS_SHOWN ? told->count : CORE_BLOCKERS_SHOWN;
    if (told->shown != shown)
        return fuzz_fail(f, "another number of blockers shown for", m->ops[op].id);
    return compare_blockers(f, op, told);
}

/* --- one operation -------------------------------------------------------------------------- */

static bool compare_keys(struct fuzz *f, const struct op *op, const struct model_op *expected)
{
    struct model_key keys[MODEL_KEYS];
    struct core_key told[MODEL_KEYS + 1];
    uint32_t n = model_normal_keys(expected->keys, expected->n_keys, keys);
    if (op->n_keys + op->n_shared != n || core_op_keys(f->core, op, 0, told, MODEL_KEYS + 1) != n)
        return fuzz_fail(f, "another number of keys", expected->id);
    for (uint32_t i = 0; i < n; i++)
        if (!slice_equal(told[i].path, slice_of(model_paths[keys[i].path])) ||
            told[i].mode != (keys[i].exclusive ? MODE_X : MODE_S))
            return fuzz_fail(f, "other keys", expected->id);
    return true;
}

static bool compare_touches(struct fuzz *f, const struct op *op, const struct model_op *expected,
                            uint8_t path)
{
    struct model_key keys[MODEL_KEYS];
    uint32_t n = model_normal_keys(expected->keys, expected->n_keys, keys);
    bool touches = false;
    for (uint32_t i = 0; i < n; i++)
        touches = touches || model_is_above(path, keys[i].path);
    if (core_op_touches(f->core, op, slice_of(model_paths[path])) != touches)
        return fuzz_fail(f, "touches another key", expected->id);
    return true;
}

static bool compare_op(struct fuzz *f, uint32_t i, bool everything)
{
    const struct model_op *expected = &f->model.ops[i];
    struct op *op =
        core_find(f->core, slice_of(model_namespaces[expected->ns]), slice_of(expected->id));
    if (op == NULL || op->ticket != expected->ticket ||
        core_next_by_ticket(f->core, expected->ticket - 1) != op)
        return fuzz_fail(f, "not found by id and ticket", expected->id);
    if (op->state != expected->state || op->end != expected->end || op->token != expected->token ||
        op->session != expected->session || op->claimed_by != expected->claimed_by ||
        op->seq != expected->seq || op->tied != expected->tied)
        return fuzz_fail(f, "another state, token, owner or seq", expected->id);
    if (op->n_passed != expected->n_passed)
        return fuzz_fail(f, "passed another number of times", expected->id);
    if (op->parent == NULL ? expected->parent != MODEL_NONE
                           : model_of(f, op->parent) != expected->parent)
        return fuzz_fail(f, "another parent", expected->id);
    if ((op->n_changed > 0) != expected->told)
        return fuzz_fail(f, "told of changes, or not,", expected->id);
    if (expected->state == OP_ENDED)
        return true;
    if (op->deadline_ms != model_deadline(expected))
        return fuzz_fail(f, "another deadline", expected->id);
    if (core_contended(f->core, op) != model_contended(&f->model, i))
        return fuzz_fail(f, "contended is wrong", expected->id);
    struct ahead ahead;
    core_ahead(f->core, op, &ahead);
    return compare_ahead(f, i, &ahead) && (!everything || compare_keys(f, op, expected)) &&
           compare_touches(f, op, expected, (uint8_t)random_below(&f->random, MODEL_PATHS));
}

/* --- check ---------------------------------------------------------------------------------- */

static bool named_in_check(const struct model_op *op, const struct core_check *check, uint8_t path)
{
    struct model_key keys[MODEL_KEYS];
    uint32_t n = model_normal_keys(op->keys, op->n_keys, keys);
    for (uint32_t i = 0; i < n; i++)
        if (slice_equal(check->held, slice_of(model_paths[keys[i].path])) &&
            check->mode == (keys[i].exclusive ? MODE_X : MODE_S))
            return model_overlap(keys[i].path, path);
    return false;
}

static bool meets_path(const struct model_op *op, uint8_t ns, uint8_t path)
{
    for (uint32_t i = 0; i < op->n_keys; i++)
        if (op->ns == ns && model_overlap(op->keys[i].path, path))
            return true;
    return false;
}

/* Holders by token, then children by ticket, then the others. */
static bool is_before(const struct model_op *a, const struct model_op *b)
{
    if ((a->state == OP_GRANTED) != (b->state == OP_GRANTED))
        return a->state == OP_GRANTED;
    if (a->state == OP_GRANTED)
        return a->token < b->token;
    if ((a->parent != MODEL_NONE) != (b->parent != MODEL_NONE))
        return a->parent != MODEL_NONE;
    return a->ticket < b->ticket;
}

static bool compare_check(struct fuzz *f, uint8_t ns, uint8_t path)
{
    const struct model *m = &f->model;
    uint32_t holders = 0, waiting = 0, first = MODEL_NONE;
    for (uint32_t i = 0; i < m->n_live; i++) {
        const struct model_op *op = &m->ops[m->live[i]];
        if (!meets_path(op, ns, path))
            continue;
        bool holds = op->state == OP_GRANTED;
        if (first == MODEL_NONE || is_before(op, &m->ops[first]))
            first = m->live[i];
        holders += holds;
        waiting += !holds;
    }
    struct core_check check;
    core_check(f->core, slice_of(model_namespaces[ns]), slice_of(model_paths[path]), &check);
    if (check.free != (first == MODEL_NONE))
        return fuzz_fail(f, "free is wrong for", model_paths[path]);
    if (check.free)
        return true;
    if (check.holders != holders || check.waiting != waiting)
        return fuzz_fail(f, "other numbers in the check of", model_paths[path]);
    if (model_of(f, check.op) != first || check.state != m->ops[first].state)
        return fuzz_fail(f, "another first one in the check of", model_paths[path]);
    if (!named_in_check(&m->ops[first], &check, path))
        return fuzz_fail(f, "another held key in the check of", model_paths[path]);
    return true;
}

/* --- changed -------------------------------------------------------------------------------- */

static bool compare_changed(struct fuzz *f, uint8_t ns, uint8_t path)
{
    const struct model *m = &f->model;
    uint64_t since = random_percent(&f->random, 50) ? random_next(&f->random) % (m->seq + 1)
                                                    : m->seq - m->seq % 8;
    uint64_t rev = model_revision(m, ns, path);
    struct core_change change;
    bool told = core_changed(f->core, slice_of(model_namespaces[ns]), slice_of(model_paths[path]),
                             since, &change);
    /* Which of several keys that changed at one seq are forgotten first is not promised. */
    if (told != model_changed(m, ns, path, since) ||
        (rev > since ? change.rev != rev : change.rev > m->floor))
        return fuzz_fail(f, "changed is wrong for", model_paths[path]);
    return true;
}

/* --- all ------------------------------------------------------------------------------------ */

static bool compare_counts(struct fuzz *f)
{
    const struct model *m = &f->model;
    uint64_t granted = 0, live[2] = {0}, told[2] = {0};
    uint32_t owned[MODEL_SESSIONS + 1] = {0};
    int64_t first = CORE_FOREVER;
    for (uint32_t i = 0; i < m->n_live; i++) {
        const struct model_op *op = &m->ops[m->live[i]];
        granted += op->state == OP_GRANTED;
        live[op->ns]++;
        owned[op->session]++;
        if (op->claimed_by != op->session)
            owned[op->claimed_by]++;
        if (model_deadline(op) < first)
            first = model_deadline(op);
    }
    struct core_stats stats;
    core_stats(f->core, &stats);
    if (stats.granted != granted || stats.waiting != m->n_live - granted ||
        stats.remembered != m->remembered || stats.seq != m->seq || stats.ticket != m->n)
        return fuzz_fail(f, "the gauges are wrong", NULL);
    for (uint32_t i = 1; i <= MODEL_SESSIONS; i++)
        if (core_session_ops(f->core, i) != owned[i])
            return fuzz_fail(f, "a session owns another number", NULL);
    for (const struct core_namespace *ns = NULL; (ns = core_next_namespace(f->core, ns)) != NULL;)
        told[slice_equal(core_namespace_name(ns), slice_of(model_namespaces[1]))] =
            core_namespace_live(ns);
    if (told[0] != live[0] || told[1] != live[1])
        return fuzz_fail(f, "a namespace has another number of live operations", NULL);
    if (core_next_deadline(f->core) > first)
        return fuzz_fail(f, "the next deadline is late", NULL);
    return true;
}

bool compare_state(struct fuzz *f, bool everything)
{
    const struct model *m = &f->model;
    if (!compare_counts(f))
        return false;
    for (uint32_t i = 0; i < m->n_live; i++)
        if ((everything || random_percent(&f->random, 20)) &&
            !compare_op(f, m->live[i], everything))
            return false;
    for (uint32_t i = 0; everything && i < m->n; i++)
        if (m->ops[i].known && m->ops[i].state == OP_ENDED && !compare_op(f, i, true))
            return false;
    for (uint8_t path = 0; path < MODEL_PATHS; path++)
        for (uint8_t ns = 0; ns < 2; ns++)
            if ((everything || random_percent(&f->random, 10)) &&
                !(compare_check(f, ns, path) && compare_changed(f, ns, path)))
                return false;
    if (!core_is_consistent(f->core))
        return fuzz_fail(f, "the core is not consistent", NULL);
    return true;
}
