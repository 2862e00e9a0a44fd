#include "plan.h"

#include "paths.h"

const char *const fault_names[FAULT_COUNT] = {"",
#define FAULT_NAME(name, text) text,
                                              FAULT_LIST(FAULT_NAME)
#undef FAULT_NAME
};

#define KIND_FIRST 1

static uint32_t some_fault(struct chance *chance)
{
    return KIND_FIRST + chance_below(chance, FAULT_COUNT - KIND_FIRST);
}

static void draw_faults(struct plan *plan, struct chance *chance)
{
    uint32_t how = chance_below(chance, 100);

    if (how < 8)
        return;
    plan->fault_permille = 2 + chance_below(chance, chance_is(chance, 20) ? 120 : 30);
    if (how < 30) {
        plan->weights[some_fault(chance)] = 1;
    } else if (how < 45) {
        for (int i = 0; i < 3; i++)
            plan->weights[some_fault(chance)] = 1 + chance_below(chance, 20);
    } else {
        for (int kind = KIND_FIRST; kind < FAULT_COUNT; kind++)
            plan->weights[kind] = chance_is(chance, 40) ? 0 : 1 + chance_below(chance, 20);
    }
    for (int kind = KIND_FIRST; kind < FAULT_COUNT; kind++)
        plan->weights_sum += plan->weights[kind];
}

static void usual_limits(struct server_limits *limits)
{
#define USUAL(name, usual, least, most) limits->name = usual;
    SERVER_LIMIT_LIST(USUAL)
#undef USUAL
}

/* Some limits are so small that a run meets them. */
static void draw_limits(struct plan *plan, struct chance *chance)
{
    struct server_limits *limits = &plan->limits;
    uint32_t tight = chance_is(chance, 45) ? 25 : 0;

#define TIGHTEN(name, least, range)                                                                \
    if (chance_is(chance, tight))                                                                  \
    limits->name = (least) + chance_below(chance, range)

    usual_limits(limits);
    limits->namespaces = 2;
    TIGHTEN(message, 400, 800);
    TIGHTEN(keys, 1, 4);
    TIGHTEN(payload, 0, 40);
    TIGHTEN(meta, 0, 40);
    TIGHTEN(live_ops, 2, 20);
    TIGHTEN(live_ops_per_session, 1, 6);
    TIGHTEN(live_claims, 5, 60);
    TIGHTEN(live_bytes, 0, 200);
    TIGHTEN(namespaces, 1, 1);
    TIGHTEN(remembered, 0, 20);
    TIGHTEN(remembered_ms, 0, 5000);
    TIGHTEN(changed_keys, 0, 10);
    TIGHTEN(generations, 1, 3);
    TIGHTEN(connections, (uint64_t)plan->n_clients, 3);
    TIGHTEN(output, 200, 4000);
    TIGHTEN(buffers, 200 * KIB, 400 * KIB);
    TIGHTEN(pending, 1, 3);
    TIGHTEN(lingering, 1, 4);
#undef TIGHTEN
    plan->wall_ms = chance_is(chance, 70) ? 10000 : 400000000; /* days: what ended is forgotten */
    plan->forgets = limits->remembered < 1000 || limits->remembered_ms < DAY_MS ||
                    (plan->weights[FAULT_WALL] > 0 && plan->wall_ms > HOUR_MS);
    plan->is_roomy = limits->output > MIB && limits->buffers > MIB;
}

static void draw_wishes(struct plan *plan, struct chance *chance)
{
    bool is_plain = chance_is(chance, 30);

    plan->n_paths = chance_is(chance, 30) ? 4 + chance_below(chance, 4) : PATHS_COUNT;
    plan->tied = 20 + chance_below(chance, 70);
    plan->shared = chance_below(chance, 80);
    plan->wide = chance_below(chance, 60);
    if (is_plain)
        return;
    plan->children = chance_below(chance, 25);
    plan->passing = chance_below(chance, 15);
    plan->more = chance_below(chance, 25);
    plan->stale = chance_below(chance, 10);
}

void plan_draw(struct plan *plan, struct chance *chance)
{
    static const uint32_t thinks[] = {4, 20, 60, 300};

    *plan = (struct plan){.records_max = 10000, .read_most = 256 * KIB, .window = 256 * KIB};
    plan->n_clients = 2 + (int)chance_below(chance, CLIENTS_MAX - 1);
    plan->events = 200 + (int)chance_below(chance, chance_is(chance, 5) ? 4000 : 900);
    plan->think_ms = thinks[chance_below(chance, 4)];
    plan->delay_ms = chance_is(chance, 40) ? 0 : chance_below(chance, 40);
    plan->commit_ms = chance_is(chance, 25) ? 0 : chance_below(chance, 30);
    plan->split = chance_is(chance, 50) ? 0 : chance_below(chance, 60);
    if (chance_is(chance, 40))
        plan->records_max = 1 + chance_below(chance, SLICE_MAX);
    draw_faults(plan, chance);
    draw_limits(plan, chance);
    draw_wishes(plan, chance);
    if (chance_is(chance, 20)) {
        plan->read_most = 1 + chance_below(chance, 200);
        plan->is_roomy = false;
    }
    if (chance_is(chance, 20)) {
        plan->window = 100 + chance_below(chance, 4000);
        plan->is_roomy = false;
    }
    plan->governing = chance_is(chance, 50) ? 0 : 1 + chance_below(chance, 10);
}

enum fault plan_fault(const struct plan *plan, struct chance *chance)
{
    uint32_t at;

    if (plan->weights_sum == 0 || chance_below(chance, 1000) >= plan->fault_permille)
        return FAULT_NONE;
    at = chance_below(chance, plan->weights_sum);
    for (int kind = KIND_FIRST; kind < FAULT_COUNT; kind++) {
        if (at < plan->weights[kind])
            return (enum fault)kind;
        at -= plan->weights[kind];
    }
    return FAULT_NONE;
}
