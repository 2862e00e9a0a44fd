/*
 * Plan: what a submit would meet, drawn up and dropped again.
 */
#include "core/ahead.h"
#include "core/family.h"
#include "core/namespace.h"
#include "core/passing.h"

/* The claim of the draft may be stronger, for the sake of other keys. */
static bool is_blocked(const struct core *core, const struct claim *claim, enum mode mode,
                       struct newcomer newcomer)
{
    return (claim->marks & CLAIM_BLOCKED) != 0 && blocked_in(core, claim->key, mode, newcomer);
}

/* The key itself, or one above it on its behalf. */
static bool is_key_blocked(const struct core *core, const struct claim *claim,
                           struct newcomer newcomer)
{
    const struct claim *claims = core->draft.claims;
    enum mode above = mode_above(claim->named);

    if (is_blocked(core, claim, claim->named, newcomer))
        return true;
    while (claim != &claims[claim->parent]) {
        claim = &claims[claim->parent];
        if (is_blocked(core, claim, above, newcomer))
            return true;
    }
    return false;
}

static void show_blocked(const struct core *core, const struct event *event,
                         struct newcomer newcomer, struct plan *out)
{
    for (uint32_t i = 0; i < core->draft.n_named; i++) {
        if (!is_key_blocked(core, &core->draft.claims[i], newcomer))
            continue;
        out->n_blocked++;
        if (out->shown < CORE_PLAN_SHOWN)
            out->blocked[out->shown++] = event->keys[i].path;
    }
}

static uint32_t mark(struct core *core, struct newcomer newcomer)
{
    return blocked_mark(core, core->draft.claims, core->draft.n_claims, newcomer);
}

void core_plan(struct core *core, const struct event *event, struct outcome *out, struct plan *plan)
{
    struct core_namespace *ns = namespace_find(&core->namespaces, event->ns);
    struct newcomer newcomer = {NULL, false};
    struct core_op *parent;

    *plan = (struct plan){0};
    out->status = LOCKQ_OK;
    if (!family_find_parent(core, ns, event, &parent, out) || ns == NULL)
        return; /* in a namespace that is not there nobody is met */
    newcomer.family = parent;
    newcomer.heeds_waiting = parent == NULL && !event->passes;
    draft_claims(core, ns, event->keys, event->n_keys);
    if (mark(core, newcomer) == 0 && event->passes && !passing_may(core)) {
        newcomer.heeds_waiting = true;
        mark(core, newcomer);
    }
    ahead_of_draft(core, newcomer, &plan->ahead);
    show_blocked(core, event, newcomer, plan);
    draft_drop(core);
}
