/*
 * Loads in which many meet: a line that is cancelled away, and keys of which few are wanted by
 * most.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core_bench.h"

/* --- cancel storm --------------------------------------------------------------------------- */

#define STORM_KEYS 10

static void shuffle(uint64_t *ids, uint32_t n, uint64_t *state)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)(world_random(state) % i);
        uint64_t other = ids[j];
        ids[j] = ids[i - 1];
        ids[i - 1] = other;
    }
}

/* A line of operations that all want the same ten keys is cancelled in random order. */
static double storm(uint32_t n)
{
    struct world world;
    struct key_sets sets;
    uint64_t *ids = memory_alloc(n * sizeof *ids), state = 1;
    world_init(&world);
    key_sets_init(&sets, 1, STORM_KEYS, 1000, 1000);
    for (uint32_t i = 0; i <= n; i++)
        world_submit(&world, i, sets.keys, sets.n[0]);
    for (uint32_t i = 0; i < n; i++)
        ids[i] = i + 1;
    shuffle(ids, n, &state);
    double start = world_clock_ns();
    for (uint32_t i = 0; i < n; i++)
        world_cancel(&world, ids[i]);
    double ns = (world_clock_ns() - start) / n;
    free(ids);
    key_sets_finish(&sets);
    world_finish(&world);
    return ns;
}

/* --- zipf ----------------------------------------------------------------------------------- */

#define ZIPF_KEYS 10
#define ZIPF_LIVE 64

/* Key numbers so that the i-th is wanted about 1/i as often as the first. */
struct zipf {
    double *sums;
    uint32_t n;
};

static void zipf_init(struct zipf *zipf, uint32_t n)
{
    double sum = 0;
    zipf->n = n;
    zipf->sums = memory_alloc(n * sizeof *zipf->sums);
    for (uint32_t i = 0; i < n; i++)
        zipf->sums[i] = sum += 1.0 / (i + 1);
}

static uint32_t zipf_pick(const struct zipf *zipf, uint64_t *state)
{
    double at = (double)(world_random(state) >> 11) / 9007199254740992.0 * zipf->sums[zipf->n - 1];
    uint32_t low = 0, high = zipf->n - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (zipf->sums[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void zipf_sets(struct key_sets *sets, uint32_t n_sets, uint32_t n_paths)
{
    struct zipf zipf;
    uint64_t state = 7;
    key_sets_init(sets, n_sets, ZIPF_KEYS, 0, 1);
    zipf_init(&zipf, n_paths);
    for (size_t i = 0; i < (size_t)n_sets * ZIPF_KEYS; i++) {
        char *path = sets->paths + i * 24;
        int n = snprintf(path, 24, "Task/%u", zipf_pick(&zipf, &state));
        enum mode mode = world_random(&state) % 4 == 0 ? MODE_X : MODE_S;
        sets->keys[i] = (struct core_key){{path, (uint32_t)n}, mode};
    }
    for (uint32_t i = 0; i < n_sets; i++)
        sets->n[i] = core_normalise(sets->keys + (size_t)i * ZIPF_KEYS, ZIPF_KEYS);
    free(zipf.sums);
}

/* Keeps so many live: each submit is followed by the release of the one granted first. Whoever is
 * the oldest is granted, so there is always one. */
static double zipf_round(const struct key_sets *sets)
{
    struct world world;
    world_init(&world);
    for (uint32_t i = 0; i < ZIPF_LIVE; i++)
        world_submit(&world, i, sets->keys + (size_t)i * ZIPF_KEYS, sets->n[i]);
    double start = world_clock_ns();
    for (uint32_t i = ZIPF_LIVE; i < sets->n_sets; i++) {
        world_submit(&world, i, sets->keys + (size_t)i * ZIPF_KEYS, sets->n[i]);
        world_release(&world, i - ZIPF_LIVE);
    }
    double ns = (world_clock_ns() - start) / (sets->n_sets - ZIPF_LIVE);
    world_finish(&world);
    return ns;
}

void bench_crowds(struct bench *bench)
{
    double *ns = memory_alloc(bench->rounds * sizeof *ns);
    struct key_sets sets;
    for (uint32_t round = 0; round < bench->rounds; round++)
        ns[round] = storm(bench_size(bench, 100000));
    bench_add(bench, "cancel in a storm, 10 keys", ns, STORM_KEYS);
    zipf_sets(&sets, bench_size(bench, 100000), 100000);
    for (uint32_t round = 0; round < bench->rounds; round++)
        ns[round] = zipf_round(&sets);
    bench_add(bench, "submit + release, 10 zipf keys", ns, ZIPF_KEYS);
    key_sets_finish(&sets);
    free(ns);
}
