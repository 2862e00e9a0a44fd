/*
 * lockq-sim: seeded runs of the server over a simulated world.
 *
 *     lockq-sim --seed N      replays one run
 *     lockq-sim --seeds N     runs 1 .. N, with progress on standard error
 *
 * A run has a phase with faults (cut connections, crashes, deaf clients, a slow store), and one
 * without, in which everything must come to an end. Each run is made twice and must say the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "judge.h"
#include "world.h"

#define CLIENTS_MAX 8
#define STEPS       1500
#define ROUNDS_MAX  60
#define LONGEST_MS  8000 /* any grace, lease or waiting time of a run is over after that */

struct totals {
    uint64_t ops, facts, crashes, commits;
    int64_t simulated_ms;
};

struct run {
    struct chance chance;
    struct world world;
    struct judge judge;
    struct link links[CLIENTS_MAX];
    struct client clients[CLIENTS_MAX];
    int n_clients;
    uint32_t crash_percent;
};

static void listen_all(struct run *run)
{
    for (int i = 0; i < run->n_clients; i++)
        client_listen(&run->clients[i], &run->judge);
}

static void settle(struct run *run)
{
    world_settle(&run->world);
    listen_all(run);
}

static void phase_with_faults(struct run *run)
{
    for (int step = 0; step < STEPS && !run->judge.failed && !run->world.failed; step++) {
        struct client *client = &run->clients[chance_below(&run->chance, (uint32_t)run->n_clients)];
        if (chance_is(&run->chance, 25))
            client_act(client, &run->world, &run->judge);
        world_step(&run->world);
        client_listen(client, &run->judge);
        if (run->crash_percent > 0 && chance_below(&run->chance, 10000) < run->crash_percent)
            world_crash(&run->world);
    }
}

/* Everybody is connected and hears of everything that is still known. */
static void look_at_all(struct run *run)
{
    for (int i = 0; i < run->n_clients; i++) {
        struct client *client = &run->clients[i];
        for (int tries = 0;
             tries < 3 && (client->link->conn == NULL || (client->greets && !client->has_greeted));
             tries++) {
            world_drop(&run->world, client->link);
            client_greet(client, &run->world);
            settle(run);
        }
        memset(client->pending, 0, sizeof client->pending);
        client_list(client, 0);
        settle(run);
    }
}

static bool is_live(const struct judge_op *op)
{
    return op->ticket != 0 && op->ended_seq == 0;
}

static int count_live(const struct run *run)
{
    int n = 0;
    for (int i = 0; i < run->judge.n_ops; i++)
        n += is_live(&run->judge.ops[i]);
    return n;
}

/* Leases, graces and waiting times run out; what has none is released by hand. */
static void let_everything_end(struct run *run)
{
    for (int i = 0; i < run->n_clients; i++)
        world_drop(&run->world, &run->links[i]);
    world_pass(&run->world, LONGEST_MS);
    settle(run);
    for (int round = 0; round < ROUNDS_MAX && !run->judge.failed; round++) {
        look_at_all(run);
        if (count_live(run) == 0)
            return;
        for (int i = 0; i < run->judge.n_ops; i++) {
            struct judge_op *op = &run->judge.ops[i];
            for (int k = 0; k < run->n_clients && is_live(op) && op->detached; k++)
                if (run->clients[k].ns == op->ns) {
                    client_undo(&run->clients[k], op);
                    settle(run);
                    break;
                }
        }
        world_pass(&run->world, LONGEST_MS);
        settle(run);
    }
    for (int i = 0; i < run->judge.n_ops && !run->judge.failed; i++)
        if (is_live(&run->judge.ops[i]))
            judge_object(&run->judge, "%s is still there at the end", run->judge.ops[i].id);
}

static void set_up(struct run *run, uint64_t seed)
{
    *run = (struct run){.chance = chance_of(seed), .judge = {.seed = seed}};
    run->n_clients = 2 + (int)chance_below(&run->chance, CLIENTS_MAX - 1);
    run->crash_percent = chance_is(&run->chance, 60) ? chance_below(&run->chance, 60) : 0;
    for (int i = 0; i < run->n_clients; i++)
        run->clients[i] = (struct client){
            .number = i,
            .ns = chance_is(&run->chance, 15) && i > 0,
            .greets = true,
            .link = &run->links[i],
            .grace_ms = chance_is(&run->chance, 20) ? 0 : chance_below(&run->chance, 3000),
        };
    /* A client without hello is in the namespace `default`. */
    if (chance_is(&run->chance, 30)) {
        run->clients[0].greets = false;
        run->clients[0].ns = 0;
    }
    world_init(&run->world, &run->chance, run->links, run->n_clients);
}

/* Returns whether nothing was wrong; `print` gets a number that stands for the whole run. */
static bool play(uint64_t seed, uint64_t *print, struct totals *totals)
{
    struct run *run = malloc(sizeof *run);
    bool is_right;

    if (run == NULL)
        abort();
    set_up(run, seed);
    phase_with_faults(run);
    if (!run->judge.failed && !run->world.failed) {
        settle(run);
        look_at_all(run);
        judge_stuck(&run->judge);
        let_everything_end(run);
        totals->ops += (uint64_t)run->judge.n_ops;
        judge_sum_up(&run->judge);
    }
    if (run->world.failed)
        judge_object(&run->judge, "the stored state is wrong, or was refused");
    *print = chance_draw(&run->chance) ^ run->judge.facts ^ (uint64_t)run->world.now_ms << 32 ^
             run->world.store.meta.hash;
    totals->facts += run->judge.facts;
    totals->crashes += run->world.crashes;
    totals->commits += run->world.commits;
    totals->simulated_ms += run->world.now_ms;
    is_right = !run->judge.failed;
    world_finish(&run->world);
    judge_finish(&run->judge);
    free(run);
    return is_right;
}

static bool play_twice(uint64_t seed, struct totals *totals)
{
    struct totals ignored = {0};
    uint64_t first, second;

    if (!play(seed, &first, totals))
        return false;
    if (play(seed, &second, &ignored) && first == second)
        return true;
    fprintf(stderr, "seed %" PRIu64 ": not the same when played again\n", seed);
    return false;
}

int main(int argc, char **argv)
{
    uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    struct totals totals = {0};
    uint64_t first = 1, wrong = 0;

    if (argc != 3 || n == 0 ||
        (strcmp(argv[1], "--seed") != 0 && strcmp(argv[1], "--seeds") != 0)) {
        fprintf(stderr, "usage: lockq-sim --seed N | --seeds N\n");
        return 64;
    }
    if (strcmp(argv[1], "--seed") == 0)
        first = n;
    for (uint64_t seed = first; seed <= n && wrong < 5; seed++) {
        wrong += !play_twice(seed, &totals);
        if (seed % 500 == 0)
            fprintf(stderr, "%" PRIu64 " of %" PRIu64 " seeds\n", seed, n);
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " operations, %" PRIu64 " facts, %" PRIu64
           " commits, %" PRIu64 " crashes, %.1f simulated hours, %" PRIu64 " wrong\n",
           n - first + 1, totals.ops, totals.facts, totals.commits, totals.crashes,
           (double)totals.simulated_ms / 3600000, wrong);
    return wrong == 0 ? 0 : 1;
}
