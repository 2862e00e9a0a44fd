#include "core/history.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core/state.h"

void history_finish(struct history *history)
{
    free(history->ring);
    *history = (struct history){0};
}

static uint32_t at(const struct history *history, size_t i)
{
    return history->ring[(history->first + i) & (history->cap - 1)];
}

static void grow(struct history *history)
{
    size_t cap = history->cap == 0 ? 64 : history->cap * 2;
    uint32_t *ring = memory_alloc(cap * sizeof *ring);

    for (size_t i = 0; i < history->n; i++)
        ring[i] = at(history, i);
    free(history->ring);
    history->ring = ring;
    history->cap = cap;
    history->first = 0;
}

void history_add(struct history *history, uint32_t op)
{
    if (history->n == history->cap)
        grow(history);
    history->ring[(history->first + history->n++) & (history->cap - 1)] = op;
}

static struct core_op *oldest(const struct core *core)
{
    return op_at(&core->ops, at(&core->history, 0));
}

/* What is forgotten has not been touched for long, and each of its lines would be waited for, one
 * after the other. They are asked for while others come first: the operation when it is the second,
 * what hangs on it when it is the first. */
static void fetch_next(const struct core *core)
{
    const struct core_op *op;

    if (core->history.n > 1)
        op_fetch(op_at(&core->ops, at(&core->history, 1)));
    if (core->history.n == 0)
        return;
    op = oldest(core);
    __builtin_prefetch(table_bucket(&core->ops.by_id, op->hash), 1);
    __builtin_prefetch(op->text, 1);
}

/* Its memory stays until the next step: the driver still reads it. */
static void forget_oldest(struct core *core)
{
    struct core_op *op = oldest(core);

    core->history.first = (core->history.first + 1) & (core->history.cap - 1);
    core->history.n--;
    ops_remove(&core->ops, op);
    roll_remove(&core->roll, op->op.ticket);
    sort_list_add(&core->forgotten, 0, op);
    effect_add(core, EFFECT_FORGOTTEN, op);
    fetch_next(core);
}

/* Unix time may be set: what lies in the future is not old. */
static bool is_too_old(const struct core *core, const struct core_op *op)
{
    return core->wall_ms >= op->op.ended_ms &&
           core->wall_ms - op->op.ended_ms >= core->limits.remembered_ms;
}

void history_age(struct core *core)
{
    while (core->history.n > core->limits.remembered ||
           (core->history.n > 0 && is_too_old(core, oldest(core))))
        forget_oldest(core);
}

int64_t history_next(const struct core *core)
{
    uint64_t age, left;

    if (core->history.n == 0)
        return CORE_FOREVER;
    age = core->wall_ms > oldest(core)->op.ended_ms ? core->wall_ms - oldest(core)->op.ended_ms : 0;
    assert(age < core->limits.remembered_ms); /* the step forgot what is older */
    left = core->limits.remembered_ms - age;
    return left > (uint64_t)(CORE_FOREVER - core->now_ms) ? CORE_FOREVER
                                                          : core->now_ms + (int64_t)left;
}

void history_bury(struct core *core)
{
    for (size_t i = 0; i < core->forgotten.n; i++) {
        struct core_op *op = core->forgotten.items[i].of;
        struct core_namespace *ns = op->op.ns;
        ops_free(&core->ops, op);
        ns->n_ops--;
        namespace_drop_unused(&core->namespaces, ns);
    }
    core->forgotten.n = 0;
}
