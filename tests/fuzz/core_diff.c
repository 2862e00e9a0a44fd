/*
 * The core against a brute-force reading of its rules.
 *
 *   core_diff --seeds N [--first SEED] [--steps N]   many runs, told by their seeds
 *   core_diff --seed SEED [--steps N] [--trace]      one of them again
 *
 * A run is a pure function of its seed. The first that differs ends the program with its seed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core_fuzz.h"

static uint64_t argument(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

static bool has_flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

bool fuzz_fail(struct fuzz *f, const char *what, const char *id)
{
    if (!f->failed)
        fprintf(stderr, "core_diff: seed %llu, step %u: %s%s%s\n", (unsigned long long)f->seed,
                f->step, what, id != NULL ? " " : "", id != NULL ? id : "");
    f->failed = true;
    return false;
}

static void start(struct fuzz *f, uint64_t seed)
{
    f->seed = seed;
    f->random.state = seed;
    f->failed = false;
    f->now_ms = f->n_named = 0;
    fuzz_choose_temper(f);
    f->wall_ms = FUZZ_WALL_START;
    /* A clock that is set decides nothing but age, so it is set only where nothing grows old. */
    bool forgetful = random_percent(&f->random, 50);
    f->wall_jumps = !forgetful && random_percent(&f->random, 50);
    f->config = (struct core_config){
        .hash_key = {random_next(&f->random), random_next(&f->random)},
        .epoch = 1 + random_below(&f->random, 1 << 20),
        .limits = {.live_ops = MODEL_OPS,
                   .live_ops_per_session = MODEL_OPS,
                   .live_claims = 1 << 20,
                   .live_bytes = 1 << 20,
                   .keys = MODEL_OPS,
                   .key_text = 1 << 20,
                   .generations = MODEL_OPS,
                   .changed_keys =
                       random_percent(&f->random, 50) ? random_below(&f->random, 30) : 1 << 20,
                   .namespaces = 2,
                   .remembered = forgetful ? random_below(&f->random, 30) : MODEL_OPS,
                   .remembered_ms = forgetful ? 1 + random_below(&f->random, 1000) : 86400000},
    };
    f->core = core_create(&f->config);
    f->twin = NULL;
    if (seed % 4 == 0) {
        struct core_config other = f->config;
        other.hash_key.k0 = ~other.hash_key.k0;
        f->twin = core_create(&other);
    }
    model_init(&f->model, &f->config.limits);
}

static bool run(struct fuzz *f, uint64_t seed, uint32_t steps)
{
    bool same = true;
    start(f, seed);
    for (f->step = 1; f->step <= steps && f->model.n < MODEL_OPS && same; f->step++)
        same = random_percent(&f->random, 1) ? fuzz_restart(f) : fuzz_step(f);
    core_destroy(f->core);
    core_destroy(f->twin);
    return same;
}

int main(int argc, char **argv)
{
    static struct fuzz f;
    uint64_t seeds = argument(argc, argv, "--seeds", 1);
    uint64_t first = argument(argc, argv, "--seed", argument(argc, argv, "--first", 1));
    uint32_t steps = (uint32_t)argument(argc, argv, "--steps", 300);
    f.trace = has_flag(argc, argv, "--trace");
    for (uint64_t done = 1; done <= seeds; done++) {
        if (!run(&f, first + done - 1, steps)) {
            fprintf(stderr, "again: core_diff --seed %llu --steps %u --trace\n",
                    (unsigned long long)f.seed, steps);
            return 1;
        }
        if (seeds >= 10 && done % (seeds / 10) == 0)
            fprintf(stderr, "core_diff: %llu of %llu seeds\n", (unsigned long long)done,
                    (unsigned long long)seeds);
        f.n_steps += f.step - 1;
    }
    printf("core_diff: seeds=%llu steps=%llu deadlocks=%llu violations=0\n",
           (unsigned long long)seeds, (unsigned long long)f.n_steps,
           (unsigned long long)f.n_deadlocks);
    return 0;
}
