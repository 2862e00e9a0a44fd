/*
 * Submit and release of sets of all sizes, each among a hundred thousand live keys of others.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core_bench.h"

#define OTHERS_KEYS   10
#define OTHERS_ID     (1ULL << 40)
#define OTHERS_FROM   100000000 /* numbers of their keys: nobody else wants them */
#define MEASURED_FROM 500000000
#define MEASURED_KEYS 200000 /* different keys of a round, at least: more than fit into a cache */

/* Live operations of ten keys each; returns the sets that they hold. */
static void fill(struct world *world, struct key_sets *others, uint32_t n_keys)
{
    uint32_t n = n_keys / OTHERS_KEYS;
    key_sets_init(others, n, OTHERS_KEYS, OTHERS_FROM, 100000000);
    for (uint32_t i = 0; i < n; i++)
        world_submit(world, OTHERS_ID + i, others->keys + (size_t)i * OTHERS_KEYS, others->n[i]);
}

static double measure(struct world *world, const struct key_sets *sets, uint64_t *id)
{
    double start = world_clock_ns();
    for (uint32_t i = 0; i < sets->n_sets; i++) {
        world_submit(world, ++*id, sets->keys + (size_t)i * sets->n_keys, sets->n[i]);
        world_release(world, *id);
    }
    return (world_clock_ns() - start) / sets->n_sets;
}

static void pairs_of(struct bench *bench, struct world *world, uint32_t n_keys, uint64_t *id)
{
    double *ns = memory_alloc(bench->rounds * sizeof *ns);
    char name[64];
    struct key_sets sets;
    uint32_t n_sets = bench_size(bench, MEASURED_KEYS) / n_keys;
    key_sets_init(&sets, n_sets > 0 ? n_sets : 1, n_keys, MEASURED_FROM, 400000000);
    measure(world, &sets, id);
    for (uint32_t round = 0; round < bench->rounds; round++)
        ns[round] = measure(world, &sets, id);
    snprintf(name, sizeof name, "submit + release, %u keys", n_keys);
    bench_add(bench, name, ns, n_keys);
    key_sets_finish(&sets);
    free(ns);
}

/* What a check asks of the core, half of the keys held. */
static void checks(struct bench *bench, struct world *world, const struct key_sets *others)
{
    double *ns = memory_alloc(bench->rounds * sizeof *ns);
    uint32_t n = bench_size(bench, 50000);
    struct key_sets sets;
    uint64_t held = 0;
    key_sets_init(&sets, n, 1, MEASURED_FROM, 400000000);
    for (uint32_t round = 0; round < bench->rounds; round++) {
        struct core_check check;
        double start = world_clock_ns();
        for (uint32_t i = 0; i < n; i++) {
            const struct core_key *key = &sets.keys[i];
            if (i % 2 == 0)
                key = &others->keys[i % (others->n_sets * others->n_keys)];
            core_check(world->core, SLICE("default"), key->path, &check);
            held += !check.free;
        }
        ns[round] = (world_clock_ns() - start) / n;
    }
    if (held > 0) /* the answers are used: they cannot be left out */
        bench_add(bench, "check of a key", ns, 1);
    key_sets_finish(&sets);
    free(ns);
}

/* Putting ten random keys in order, as every submit from outside needs it first. */
static void normalise(struct bench *bench)
{
    double *ns = memory_alloc(bench->rounds * sizeof *ns);
    uint32_t n = bench_size(bench, 20000);
    struct core_key *keys = memory_alloc(n * OTHERS_KEYS * sizeof *keys);
    struct key_sets sets;
    key_sets_init(&sets, n, OTHERS_KEYS, MEASURED_FROM, 400000000);
    for (uint32_t round = 0; round < bench->rounds; round++) {
        for (uint32_t i = 0; i < n * OTHERS_KEYS; i++) /* the last digits, reversed: out of order */
            keys[i] = sets.keys[i / OTHERS_KEYS * OTHERS_KEYS + (i * 7 + 3) % OTHERS_KEYS];
        double start = world_clock_ns();
        for (uint32_t i = 0; i < n; i++)
            core_normalise(keys + (size_t)i * OTHERS_KEYS, OTHERS_KEYS);
        ns[round] = (world_clock_ns() - start) / n;
    }
    bench_add(bench, "normalise, 10 keys", ns, OTHERS_KEYS);
    key_sets_finish(&sets);
    free(keys);
    free(ns);
}

void bench_pairs(struct bench *bench)
{
    static const uint32_t sizes[] = {1, 10, 1000, 100000};
    struct world world;
    struct key_sets others;
    uint64_t id = 0;
    world_init(&world);
    fill(&world, &others, bench_size(bench, 100000));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!bench->smoke || sizes[i] <= 1000)
            pairs_of(bench, &world, sizes[i], &id);
    checks(bench, &world, &others);
    normalise(bench);
    key_sets_finish(&others);
    world_finish(&world);
}
