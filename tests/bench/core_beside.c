/*
 * What others do beside a load, and what changes cost: pairs of submit and release in one world and
 * in another, taken in turn, so that their ratio tells what the difference costs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core_bench.h"

#define WORLDS_MOST 3
#define PAIRS       20000 /* of one key; of ten keys a tenth */
#define CROWD       20000
#define CROWD_ID    (1ULL << 40)
#define REMEMBERED  1000000 /* as the daemon does when nothing else is set */

static double pairs(struct world *world, const struct key_sets *sets, uint64_t *id)
{
    double start = world_clock_ns();
    for (uint32_t i = 0; i < sets->n_sets; i++) {
        world_submit(world, ++*id, sets->keys + (size_t)i * sets->n_keys, sets->n[i]);
        world_release(world, *id);
    }
    return (world_clock_ns() - start) / sets->n_sets;
}

/* Adds a figure for each world, with its ratio to the first. */
static void compare(struct bench *bench, struct world *worlds, const char *const *names,
                    uint32_t n_worlds, uint32_t n_keys)
{
    double *ns[WORLDS_MOST];
    struct key_sets sets;
    struct figure *first = NULL;
    uint64_t id = 0;
    key_sets_init(&sets, bench_size(bench, PAIRS) / n_keys, n_keys, 500000000, 400000000);
    for (uint32_t w = 0; w < n_worlds; w++) {
        ns[w] = memory_alloc(bench->rounds * sizeof *ns[w]);
        pairs(&worlds[w], &sets, &id);
    }
    for (uint32_t round = 0; round < bench->rounds; round++)
        for (uint32_t w = 0; w < n_worlds; w++)
            ns[w][round] = pairs(&worlds[w], &sets, &id);
    for (uint32_t w = 0; w < n_worlds; w++) {
        struct figure *figure = bench_add(bench, names[w], ns[w], n_keys);
        free(ns[w]);
        if (first == NULL)
            first = figure;
        figure->ratio = figure->ns / first->ns;
    }
    key_sets_finish(&sets);
}

static struct core_key key_of(uint32_t number, char path[24])
{
    snprintf(path, 24, "Task/%u", number);
    return (struct core_key){slice_of(path), MODE_X};
}

/* Each holds a key of its own. */
static void crowd_of_holders(struct world *world, uint32_t n)
{
    char path[24];
    for (uint32_t i = 0; i < n; i++) {
        const struct core_key key = key_of(i, path);
        world_submit(world, CROWD_ID + i, &key, 1);
    }
}

/* All want one key. */
static void crowd_of_waiters(struct world *world, uint32_t n)
{
    char path[24];
    const struct core_key key = key_of(0, path);
    for (uint32_t i = 0; i < n; i++)
        world_submit(world, CROWD_ID + i, &key, 1);
}

/* One half holds a key each, and the child of each waits for the key of the one before. */
static void crowd_of_children(struct world *world, uint32_t n)
{
    char path[24];
    crowd_of_holders(world, n / 2);
    for (uint32_t i = 1; i <= n / 2; i++) {
        const struct core_key key = key_of(i - 1, path);
        world_submit_child(world, CROWD_ID + n + i, &key, 1, CROWD_ID + i % (n / 2));
    }
}

static void beside(struct bench *bench)
{
    static const char *const names[] = {"pair, beside 20000 that hold",
                                        "pair, beside 20000 in one line",
                                        "pair, beside 10000 waiting children"};
    struct world worlds[3];
    for (uint32_t w = 0; w < 3; w++)
        world_init(&worlds[w]);
    crowd_of_holders(&worlds[0], bench_size(bench, CROWD));
    crowd_of_waiters(&worlds[1], bench_size(bench, CROWD));
    crowd_of_children(&worlds[2], bench_size(bench, CROWD));
    compare(bench, worlds, names, 3, 1);
    for (uint32_t w = 0; w < 3; w++)
        world_finish(&worlds[w]);
}

static void revisions(struct bench *bench, uint32_t n_keys, const char *const *names)
{
    struct world worlds[2];
    world_init(&worlds[0]);
    world_init_remembering(&worlds[1], REMEMBERED);
    compare(bench, worlds, names, 2, n_keys);
    world_finish(&worlds[0]);
    world_finish(&worlds[1]);
}

void bench_beside(struct bench *bench)
{
    static const char *const one[] = {"pair, 1 key, no revisions", "pair, 1 key, revisions"};
    static const char *const ten[] = {"pair, 10 keys, no revisions", "pair, 10 keys, revisions"};
    beside(bench);
    revisions(bench, 1, one);
    revisions(bench, 10, ten);
}
