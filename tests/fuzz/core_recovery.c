/*
 * A crash in the middle of a run: what the core tells about its operations goes into a new one.
 *
 * Sometimes the latest grants were not stored yet: the new core has to grant them again, to the
 * same operations and in the same order, with higher tokens.
 */
#include <stdio.h>

#include "core_fuzz.h"

/* The operation as a store would give it; its grant may be missing. */
static struct op record_of(const struct fuzz *f, struct core *into, const struct op *op)
{
    struct op record = *op;
    if (op->parent != NULL)
        record.parent = core_next_by_ticket(into, op->parent->ticket - 1);
    if (op->state == OP_GRANTED && f->model.ops[op->ticket - 1].state == OP_WAITING) {
        record.state = OP_WAITING;
        record.token = record.granted_ms = 0;
        record.changed = NULL;
        record.n_changed = 0;
    }
    return record;
}

static struct core *refill(struct fuzz *f, struct core *old)
{
    struct core *core = core_create(&f->config);
    struct core_key keys[MODEL_KEYS];
    uint64_t ticket = 0;
    for (struct op *op; (op = core_next_by_ticket(old, ticket)) != NULL; ticket = op->ticket) {
        struct op record = record_of(f, core, op);
        uint32_t n = core_op_keys(old, op, 0, keys, MODEL_KEYS);
        if (op->state == OP_ENDED)
            n = 0;
        if (core_recover_op(core, core_namespace_name(op->ns), &record, n > 0 ? keys : NULL, n,
                            f->now_ms) == NULL) {
            core_destroy(core);
            return NULL;
        }
    }
    return core;
}

/* The last operation granted, if it is still as the grant left it. */
static uint32_t last_granted(const struct fuzz *f)
{
    uint32_t last = MODEL_NONE;
    for (uint32_t i = 0; i < f->model.n_live; i++) {
        const struct model_op *op = &f->model.ops[f->model.live[i]];
        if (op->state == OP_GRANTED && (last == MODEL_NONE || op->token > f->model.ops[last].token))
            last = f->model.live[i];
    }
    if (last == MODEL_NONE || f->model.ops[last].claimed_by != 0)
        return MODEL_NONE;
    for (uint32_t i = 0; i < f->model.n; i++)
        if (f->model.ops[i].known && f->model.ops[i].parent == last)
            return MODEL_NONE; /* what its child stands on was stored */
    return last;
}

/* What the store has: all, or all but the last few grants. */
static void lose_grants(struct fuzz *f)
{
    uint32_t lost = random_percent(&f->random, 50) ? random_below(&f->random, 4) : 0;
    for (uint32_t last; lost > 0 && (last = last_granted(f)) != MODEL_NONE; lost--)
        model_ungrant(&f->model, last);
}

static bool refill_both(struct fuzz *f)
{
    struct core **cores[] = {&f->core, &f->twin};
    for (uint32_t i = 0; i < 2 && *cores[i] != NULL; i++) {
        f->config.hash_key.k0 = random_next(&f->random);
        struct core *core = refill(f, *cores[i]);
        if (core == NULL)
            return fuzz_fail(f, "recovery calls the records nonsense", NULL);
        core_destroy(*cores[i]);
        *cores[i] = core;
    }
    return true;
}

bool fuzz_restart(struct fuzz *f)
{
    static struct model_outcome expected;
    const struct event now = {.type = EVENT_RELEASE, /* forgets nothing by age */
                              .wall_ms = fuzz_wall(f)};
    struct outcome out, twin;
    struct core_stats stats;
    core_stats(f->core, &stats);
    f->config.epoch = stats.epoch + 1;
    f->config.seq = stats.seq;
    f->config.ticket = stats.ticket;
    lose_grants(f);
    if (f->trace)
        fputs("restart\n", stderr);
    if (!refill_both(f))
        return false;
    model_recover(&f->model, f->now_ms, now.wall_ms, &expected);
    if (!core_recover_finish(f->core, f->now_ms, now.wall_ms, &out))
        return false;
    if (!compare_outcome(f, &expected, &out, &now))
        return false;
    if (f->twin != NULL) {
        if (!core_recover_finish(f->twin, f->now_ms, now.wall_ms, &twin) ||
            !compare_twin(f, &out, &twin))
            return false;
    }
    return compare_state(f, true);
}
