/*
 * Random steps: each is one event, done by core, twin and model, then compared.
 */
#include <stdio.h>

#include "core_draft.h"

/* --- telling -------------------------------------------------------------------------------- */

static void trace_fields(const struct draft *d)
{
    const struct event *e = &d->event;
    if (e->type == EVENT_SUBMIT && e->wait_ms != CORE_FOREVER)
        fprintf(stderr, " wait %lld", (long long)e->wait_ms);
    if (e->detached || (e->type == EVENT_RENEW && e->lease_ms >= 0))
        fprintf(stderr, " lease %lld", e->lease_ms == CORE_FOREVER ? 0LL : (long long)e->lease_ms);
    if (e->claim_in_ms != CORE_FOREVER)
        fprintf(stderr, " claim_in %lld", (long long)e->claim_in_ms);
    if (e->payload.at != NULL)
        fprintf(stderr, " payload %s", d->payload);
    if (e->parent.at != NULL)
        fprintf(stderr, " parent %s", d->parent);
    if (e->parent_token != 0)
        fprintf(stderr, " parent_token %llu", (unsigned long long)(e->parent_token & UINT32_MAX));
    if (e->max_hold_ms != 0)
        fprintf(stderr, " max_hold %lld", (long long)e->max_hold_ms);
    if (e->on_change != CHANGE_IGNORED)
        fprintf(stderr, " %s %llu", e->on_change == CHANGE_ENDS ? "unchanged" : "tell",
                (unsigned long long)e->unchanged_since);
    if (e->passes || e->tie || e->unchanged)
        fputs(e->passes ? " pass" : e->tie ? " tie" : " unchanging", stderr);
    if (e->token != 0)
        fprintf(stderr, " token %llu", (unsigned long long)(e->token & UINT32_MAX));
    if (e->ns.n > 0 && e->ns.at != model_namespaces[0])
        fprintf(stderr, " in %s", e->ns.at);
}

/* In the words of the spec's stories; tokens are told by their number within the epoch. */
static void trace(const struct draft *d)
{
    static const char *const verbs[] = {"submit", "claim",  "renew", "release", "cancel",
                                        "kill",   "extend", "ends",  "tick"};
    const struct event *e = &d->event;
    fprintf(stderr, "%lld ", (long long)e->now_ms);
    if (e->type != EVENT_TICK)
        fprintf(stderr, "%c ", (char)('A' + e->session - 1));
    fputs(verbs[e->type], stderr);
    if (e->type == EVENT_TICK)
        fprintf(stderr, " until %lld", (long long)e->until_ms);
    else if (e->type != EVENT_SESSION_END)
        fprintf(stderr, " %s", e->op.n > 0 ? d->id : "-");
    for (uint32_t i = 0; i < d->n_named; i++)
        fprintf(stderr, " %s:%c", d->named[i].path == 0 ? "/" : model_paths[d->named[i].path],
                d->named[i].exclusive ? 'x' : 's');
    trace_fields(d);
    fputc('\n', stderr);
}

/* --- doing ---------------------------------------------------------------------------------- */

bool fuzz_step(struct fuzz *f)
{
    struct draft d;
    struct outcome got, twin;
    static struct model_outcome expected;
    if (!fuzz_draft(f, &d))
        return true;
    if (f->trace)
        trace(&d);
    model_step(&f->model, &d.event, d.named, d.n_named, &expected);
    core_step(f->core, &d.event, &got);
    bool same = compare_outcome(f, &expected, &got, &d.event);
    if (same && f->twin != NULL) {
        core_step(f->twin, &d.event, &twin);
        same = compare_twin(f, &got, &twin);
    }
    return same && compare_state(f, f->step % 16 == 0);
}
