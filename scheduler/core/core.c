#include "core/core.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core/step.h"
#include "core/turn.h"

static void (*const handlers[])(struct core *, const struct event *, struct outcome *) = {
    [EVENT_SUBMIT] = step_submit, [EVENT_CLAIM] = step_claim,
    [EVENT_RENEW] = step_renew,   [EVENT_RELEASE] = step_release,
    [EVENT_CANCEL] = step_cancel, [EVENT_SESSION_END] = step_session_end,
    [EVENT_TICK] = step_tick,     [EVENT_KILL] = step_kill,
    [EVENT_EXTEND] = step_extend,
};

struct core *core_create(const struct core_config *config)
{
    struct core *core = memory_alloc_zeroed(1, sizeof *core);

    core->limits = config->limits;
    core->hash_key = config->hash_key;
    core->epoch = config->epoch;
    core->seq = config->seq;
    core->ticket = config->ticket;
    keys_init(&core->keys, &core->slab);
    ops_init(&core->ops, &core->slab);
    namespaces_init(&core->namespaces, config->hash_key, &core->keys, &core->slab);
    owners_init(&core->owners);
    revisions_init(&core->revisions, &core->slab, config->limits.changed_keys, config->seq);
    return core;
}

void core_destroy(struct core *core)
{
    if (core == NULL)
        return;
    keys_finish(&core->keys);
    ops_finish(&core->ops);
    namespaces_finish(&core->namespaces);
    owners_finish(&core->owners);
    roll_finish(&core->roll);
    history_finish(&core->history);
    timers_finish(&core->deadlines);
    draft_finish(&core->draft);
    sort_list_finish(&core->ready);
    sort_list_finish(&core->due);
    sort_list_finish(&core->family);
    revisions_finish(&core->revisions);
    sort_list_finish(&core->forgotten);
    slab_finish(&core->slab);
    free(core->effects.list);
    free(core->content);
    free(core);
}

void effect_add(struct core *core, enum effect_type type, struct core_op *op)
{
    struct effects *effects = &core->effects;

    if (effects->n == effects->cap) {
        effects->cap = effects->cap == 0 ? 64 : effects->cap * 2;
        effects->list = memory_resize(effects->list, effects->cap * sizeof *effects->list);
    }
    effects->list[effects->n++] = (struct effect){type, &op->op};
}

void effect_add_change(struct core *core, enum effect_type type, struct core_op *op)
{
    op->op.seq = ++core->seq;
    effect_add(core, type, op);
}

void step_begin(struct core *core, int64_t now_ms, uint64_t wall_ms, struct outcome *out)
{
    assert(now_ms >= core->now_ms);
    history_bury(core);
    core->effects.n = 0;
    core->now_ms = now_ms;
    core->wall_ms = wall_ms;
    /* Not the whole struct: its blockers are large and count only up to `shown`. */
    out->status = LOCKQ_OK;
    out->limit = NULL;
    out->limit_value = 0;
    out->op = NULL;
    out->end = END_NONE;
    out->repeated = out->contended = out->refused = out->ahead.more = false;
    out->ahead.count = out->ahead.shown = out->n_changes = 0;
}

void step_end(struct core *core, struct outcome *out)
{
    turn_settle(core);
    history_age(core);
    out->effects = core->effects.list;
    out->n_effects = core->effects.n;
}

bool step_is_over(struct outcome *out, const char *name, uint64_t limit, uint64_t value)
{
    if (value <= limit)
        return false;
    out->status = LOCKQ_OVER_LIMIT;
    out->limit = name;
    out->limit_value = limit;
    return true;
}

void core_step(struct core *core, const struct event *event, struct outcome *out)
{
    step_begin(core, event->now_ms, event->wall_ms, out);
    handlers[event->type](core, event, out);
    step_end(core, out);
}

int64_t core_next_deadline(const struct core *core)
{
    int64_t deadline_ms = timers_next(&core->deadlines);
    int64_t history_ms = history_next(core);

    return deadline_ms < history_ms ? deadline_ms : history_ms;
}
