#include "run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "client_govern.h"
#include "inject.h"

#define TIDY_MS     600000 /* simulated, for everything to come to an end */
#define AT_ONCE_MAX 100000
#define REST_MS     10000 /* any grace, lease or waiting time of a run is over after that */

struct run {
    struct plan plan;
    struct chance chance;
    struct transcript transcript;
    struct world world;
    struct judge judge;
    struct client clients[CLIENTS_MAX];
    int at_once; /* turns without any time between them */
};

static bool goes_on(const struct run *run)
{
    return !run->judge.failed && run->world.wrong[0] == '\0' && run->world.store.wrong[0] == '\0';
}

/* The next moment at which anything happens, and what happens then. */
static void advance(struct run *run, void (*act)(struct run *run, struct client *client))
{
    struct world *world = &run->world;
    int64_t next_ms = world_next_ms(world);

    for (int i = 0; i < run->plan.n_clients; i++) {
        int64_t client_ms = client_next_ms(&run->clients[i]);
        next_ms = client_ms < next_ms ? client_ms : next_ms;
    }
    if (next_ms > world->clock.real_ms) {
        world->clock.real_ms = next_ms;
        run->at_once = 0;
    } else if (++run->at_once > AT_ONCE_MAX) {
        judge_object(&run->judge, "the daemon comes to no rest");
    }
    for (int i = 0; i < run->plan.n_clients; i++) {
        struct client *client = &run->clients[i];
        client_listen(client);
        if (client->acts_ms <= world->clock.real_ms)
            act(run, client);
    }
    world_run(world);
}

static void act_by_chance(struct run *run, struct client *client)
{
    client_act(client, &run->chance);
}

static void tidy(struct run *run, struct client *client)
{
    (void)run;
    client_tidy(client);
}

/* One stays, to look at the end. */
static void rest(struct run *run, struct client *client)
{
    client->acts_ms = run->world.clock.real_ms + 500;
    if (client == &run->clients[0] && !client->has_greeted)
        client_tidy(client);
}

static void phase_with_faults(struct run *run)
{
    for (int event = 0; event < run->plan.events && goes_on(run); event++) {
        inject(plan_fault(&run->plan, &run->chance), &run->world, run->clients, &run->chance);
        advance(run, act_by_chance);
    }
}

/* --- the end --------------------------------------------------------------------------------- */

static bool is_everybody_done(const struct run *run)
{
    for (int i = 0; i < run->plan.n_clients; i++)
        if (!run->clients[i].is_done)
            return false;
    return true;
}

static void object_to_unfinished(struct run *run)
{
    for (int i = 0; i < run->plan.n_clients; i++) {
        const struct client *client = &run->clients[i];
        for (int k = 0; k < CLIENT_PENDING_MAX; k++)
            if (client->pending[k].id != 0)
                judge_object(&run->judge, "client %d: no answer to its %s", i,
                             ask_names[client->pending[k].what]);
        if (!client->is_done)
            judge_object(&run->judge, "client %d comes to no end", i);
    }
    for (int i = 0; i < run->judge.n_ops; i++)
        if (judge_is_live(run->judge.ops[i]))
            judge_object(&run->judge, "%s is still there at the end", run->judge.ops[i]->id);
}

static void let_everything_end(struct run *run)
{
    int64_t until_ms = run->world.clock.real_ms + TIDY_MS;

    inject_heal(&run->world);
    for (int i = 0; i < run->plan.n_clients; i++)
        run->clients[i].acts_ms = run->world.clock.real_ms;
    while (goes_on(run) && !is_everybody_done(run) && run->world.clock.real_ms < until_ms)
        advance(run, tidy);
    if (goes_on(run) && !is_everybody_done(run))
        object_to_unfinished(run);
}

static void rest_for(struct run *run, int64_t ms)
{
    int64_t until_ms = run->world.clock.real_ms + ms;

    for (int i = 0; i < run->plan.n_clients; i++)
        rest(run, &run->clients[i]);
    while (goes_on(run) && run->world.clock.real_ms < until_ms)
        advance(run, rest);
}

/* Nothing is left: neither in the counts nor in anybody's way. */
static void look_at_what_is_left(struct run *run)
{
    struct client *client = &run->clients[0];
    struct judge_op all = {.ns = client->ns,
                           .client = client->number,
                           .session = client->session,
                           .x = 1u << (PATHS_COUNT - 1),
                           .wait_ms = 0,
                           .lease_ms = NEVER,
                           .claim_in_ms = NEVER,
                           .max_hold_ms = NEVER};
    struct judge_op *op;

    client->stats_live = UINT64_MAX;
    client_say(client, ASK_STATS);
    op = judge_expect(&run->judge, &all);
    client_say_submit(client, op, false);
    client_flush(client);
    rest_for(run, 1000);
    if (goes_on(run) && client->stats_live != 0)
        judge_object(&run->judge, "nothing is there at the end, and stats counts %" PRIu64,
                     client->stats_live);
    if (goes_on(run) && op->granted_seq == 0)
        judge_object(&run->judge, "nothing is there at the end, and %s is not granted", op->id);
}

static void phase_without_faults(struct run *run)
{
    if (goes_on(run))
        let_everything_end(run);
    for (int i = 1; i < run->plan.n_clients && goes_on(run); i++)
        client_leave(&run->clients[i]);
    rest_for(run, REST_MS);
    client_check_all_heard(&run->clients[0]);
    if (goes_on(run))
        look_at_what_is_left(run);
    if (goes_on(run))
        judge_order(&run->judge);
}

/* --- a run ----------------------------------------------------------------------------------- */

static struct run_result sum_up(struct run *run)
{
    struct run_result result = {
        .facts = run->judge.facts,
        .snapshots = run->judge.snapshots,
        .ops = (uint64_t)run->judge.n_ops,
        .counts = run->world.counts,
        .simulated_ms = run->world.clock.real_ms,
    };

    if (run->world.wrong[0] != '\0')
        judge_object(&run->judge, "%s", run->world.wrong);
    if (run->world.store.wrong[0] != '\0')
        judge_object(&run->judge, "after a commit: %s", run->world.store.wrong);
    for (int i = 0; i < run->plan.n_clients; i++)
        result.answers += run->clients[i].answers;
    world_print(&run->world, &run->world.clock.real_ms, sizeof run->world.clock.real_ms);
    world_print(&run->world, &run->world.store.meta, sizeof run->world.store.meta);
    world_print(&run->world, &run->chance.state, sizeof run->chance.state);
    result.print = run->world.print;
    result.is_right = !run->judge.failed;
    return result;
}

struct run_result run_play(uint64_t seed, FILE *log)
{
    struct run *run = calloc(1, sizeof *run);
    struct run_result result;

    if (run == NULL)
        abort();
    run->chance = chance_of(seed);
    run->transcript.to = log;
    plan_draw(&run->plan, &run->chance);
    world_init(&run->world, &run->plan, &run->chance, &run->transcript);
    run->judge = (struct judge){.seed = seed, .plan = &run->plan, .transcript = &run->transcript};
    for (int i = 0; i < run->plan.n_clients; i++)
        client_init(&run->clients[i], i, &run->world, &run->judge, &run->chance);
    phase_with_faults(run);
    phase_without_faults(run);
    result = sum_up(run);
    for (int i = 0; i < run->plan.n_clients; i++)
        client_finish(&run->clients[i]);
    world_finish(&run->world);
    judge_finish(&run->judge);
    free(run);
    return result;
}
