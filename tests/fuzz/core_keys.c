/*
 * Sets of hundreds of keys against a literal reading of what a set is.
 *
 *   core_keys --seeds N [--first SEED]
 *
 * core_diff has few keys a set and many meetings; here are many keys and no meetings: long paths
 * that differ late, or by how many zeros they end with, keys above and below one another, bytes on
 * both sides of '/'. Each set is normalised, submitted, asked about and released.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"
#include "core/core.h"
#include "core_random.h"

#define KEYS_MAX 400

struct set {
    struct core_key keys[KEYS_MAX];
    uint32_t n;
};

struct run {
    struct random random;
    struct arena paths;
    struct set named, normal, expected;
    struct core *core;
};

/* --- random sets ---------------------------------------------------------------------------- */

static uint32_t segment(struct random *r, uint32_t style, char *out)
{
    static const char *const short_ones[] = {"a", "b", "a-", "a!", "a0", "%2F", "\xc3\xa9", "ab"};
    if (style == 0)
        return (uint32_t)sprintf(out, "%s", short_ones[random_below(r, 8)]);
    if (style == 1)
        return (uint32_t)sprintf(out, "%u", random_below(r, 3000));
    if (style == 2) {
        uint32_t zeros = random_below(r, 30);
        memset(out, 0, zeros + 1);
        out[0] = 'a';
        return zeros + 1;
    }
    /* A long common beginning, then a few that differ, then a few that do not. */
    return (uint32_t)sprintf(out, "a-rather-long-name-of-a-model%c%u-and-an-end",
                             random_percent(r, 50) ? '\x01' : '~', random_below(r, 40));
}

static struct slice path(struct run *run, uint32_t style, uint32_t depth_max)
{
    char text[2048];
    uint32_t n = 0, depth = random_below(&run->random, depth_max + 1);
    for (uint32_t i = 0; i < depth; i++) {
        if (i > 0)
            text[n++] = '/';
        n += segment(&run->random, style == 4 ? random_below(&run->random, 4) : style, text + n);
    }
    return arena_copy(&run->paths, (struct slice){text, n});
}

static void choose_set(struct run *run)
{
    struct random *r = &run->random;
    uint32_t style = random_below(r, 5), depth_max = 1 + random_below(r, CORE_SEGMENTS_MAX);
    uint32_t shared = random_below(r, 101);
    bool has_root = random_percent(r, 5);
    if (style == 1 && depth_max > 3)
        depth_max = 3;
    run->named.n = 1 + random_below(r, random_percent(r, 50) ? 40 : KEYS_MAX);
    for (uint32_t i = 0; i < run->named.n; i++) {
        struct core_key *key = &run->named.keys[i];
        do
            key->path = path(run, style, depth_max);
        while (key->path.n == 0 && !has_root);
        key->mode = random_percent(r, shared) ? MODE_S : MODE_X;
    }
}

/* --- what a set is, to the letter ----------------------------------------------------------- */

static bool is_above(struct slice a, struct slice b)
{
    return a.n == 0 ||
           (a.n <= b.n && memcmp(a.at, b.at, a.n) == 0 && (a.n == b.n || b.at[a.n] == '/'));
}

static bool adds_nothing(const struct set *set, uint32_t i)
{
    const struct core_key *key = &set->keys[i];
    for (uint32_t j = 0; j < set->n; j++) {
        const struct core_key *other = &set->keys[j];
        if (j == i || !is_above(other->path, key->path) ||
            (key->mode == MODE_X && other->mode == MODE_S))
            continue;
        if (other->path.n != key->path.n || other->mode != key->mode || j < i)
            return true;
    }
    return false;
}

/* Bytes are compared as unsigned: what is not ASCII comes last. */
static int by_path(const void *a, const void *b)
{
    struct slice x = ((const struct core_key *)a)->path, y = ((const struct core_key *)b)->path;
    for (uint32_t i = 0; i < x.n && i < y.n; i++)
        if (x.at[i] != y.at[i])
            return (unsigned char)x.at[i] < (unsigned char)y.at[i] ? -1 : 1;
    return (x.n > y.n) - (x.n < y.n);
}

static void expect(struct run *run)
{
    run->expected.n = 0;
    for (uint32_t i = 0; i < run->named.n; i++)
        if (!adds_nothing(&run->named, i))
            run->expected.keys[run->expected.n++] = run->named.keys[i];
    qsort(run->expected.keys, run->expected.n, sizeof run->expected.keys[0], by_path);
}

static bool same(const struct core_key *a, const struct core_key *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!slice_equal(a[i].path, b[i].path) || a[i].mode != b[i].mode)
            return false;
    return true;
}

/* --- one run: NULL, or what is wrong -------------------------------------------------------- */

static void step(struct run *run, enum event_type type, struct outcome *out)
{
    const struct event event = {.type = type,
                                .wall_ms = 1,
                                .ns = SLICE("default"),
                                .op = SLICE("op"),
                                .session = 1,
                                .keys = run->normal.keys,
                                .n_keys = run->normal.n,
                                .wait_ms = CORE_FOREVER,
                                .claim_in_ms = CORE_FOREVER,
                                .lease_ms = CORE_FOREVER,
                                .who = SLICE(""),
                                .why = SLICE("")};
    core_step(run->core, &event, out);
}

static const char *ask_keys(struct run *run, const struct op *op)
{
    struct core_key told[17];
    for (uint32_t first = 0; first < run->expected.n; first += 17) {
        uint32_t n = run->expected.n - first < 17 ? run->expected.n - first : 17;
        if (core_op_keys(run->core, op, first, told, 17) != n ||
            !same(told, &run->expected.keys[first], n))
            return "the operation tells other keys";
    }
    return op->n_keys + op->n_shared == run->expected.n ? NULL : "another number of keys";
}

/* Paths that were named, are above or below such ones, or are near them. */
static const char *ask_paths(struct run *run, const struct op *op)
{
    for (uint32_t i = 0; i < 30; i++) {
        struct slice asked = random_percent(&run->random, 50)
                                 ? path(run, random_below(&run->random, 4), 3)
                                 : run->named.keys[random_below(&run->random, run->named.n)].path;
        while (asked.n > 0 && random_percent(&run->random, 30))
            while (asked.n > 0 && asked.at[--asked.n] != '/')
                ;
        bool touches = false, meets = false;
        for (uint32_t k = 0; k < run->expected.n; k++) {
            touches = touches || is_above(asked, run->expected.keys[k].path);
            meets = meets || touches || is_above(run->expected.keys[k].path, asked);
        }
        struct core_check check;
        core_check(run->core, SLICE("default"), asked, &check);
        if (core_op_touches(run->core, op, asked) != touches)
            return "touches is wrong";
        if (check.free == meets || (meets && (check.holders != 1 || check.op != op)))
            return "the check is wrong";
    }
    return NULL;
}

static const char *judge(struct run *run)
{
    struct outcome out;
    const char *wrong = NULL;
    run->normal = run->named;
    run->normal.n = core_normalise(run->normal.keys, run->normal.n);
    if (run->normal.n != run->expected.n ||
        !same(run->normal.keys, run->expected.keys, run->expected.n))
        return "normalised otherwise";
    step(run, EVENT_SUBMIT, &out);
    if (out.op == NULL || out.op->state != OP_GRANTED)
        return "not granted";
    if ((wrong = ask_keys(run, out.op)) != NULL || (wrong = ask_paths(run, out.op)) != NULL)
        return wrong;
    if (!core_is_consistent(run->core))
        return "the core is not consistent";
    step(run, EVENT_RELEASE, &out);
    struct core_stats stats;
    core_stats(run->core, &stats);
    if (stats.claims != 0 || stats.keys != 0 || !core_is_consistent(run->core))
        return "something stays behind";
    return NULL;
}

static const char *run_seed(uint64_t seed)
{
    static struct run run;
    const struct core_config config = {
        .hash_key = {seed, ~seed},
        .epoch = 1,
        .limits = {.live_ops = 1,
                   .live_ops_per_session = 1,
                   .live_claims = KEYS_MAX * (CORE_SEGMENTS_MAX + 1),
                   .live_bytes = 0,
                   .namespaces = 1},
    };
    run.random.state = seed;
    run.core = core_create(&config);
    choose_set(&run);
    expect(&run);
    const char *wrong = judge(&run);
    core_destroy(run.core);
    arena_finish(&run.paths);
    return wrong;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 1, first = 1;
    for (int i = 1; i + 1 < argc; i += 2)
        *(strcmp(argv[i], "--seeds") == 0 ? &seeds : &first) = strtoull(argv[i + 1], NULL, 10);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        const char *wrong = run_seed(seed);
        if (wrong != NULL) {
            fprintf(stderr, "core_keys: seed %llu: %s\nagain: core_keys --first %llu\n",
                    (unsigned long long)seed, wrong, (unsigned long long)seed);
            return 1;
        }
    }
    fprintf(stderr, "core_keys: %llu seeds\n", (unsigned long long)seeds);
    return 0;
}
