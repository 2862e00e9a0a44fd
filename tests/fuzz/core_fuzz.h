/*
 * One run of the differential fuzz: the core, its twin with other hash tables, and the model, taken
 * through the same random steps.
 */
#ifndef FUZZ_CORE_FUZZ_H
#define FUZZ_CORE_FUZZ_H

#include "core_model.h"
#include "core_random.h"

#define FUZZ_WALL_START 1700000000000ULL

struct fuzz {
    struct core *core, *twin; /* twin: NULL in most runs */
    struct core_config config;
    struct random random;
    struct model model;
    int64_t now_ms;
    uint64_t wall_ms; /* at now_ms == 0, as the wall clock says at the moment */
    uint64_t seed;
    uint32_t step, n_named;        /* n_named: ids given so far */
    uint64_t n_steps, n_deadlocks; /* over all runs */
    bool trace, failed, wall_jumps;
    struct temper {
        uint32_t first_path, n_paths, n_sessions;                    /* what is chosen from */
        uint32_t shared, detached, impatient, other_namespace;       /* percent */
        uint32_t children, passing, asking, holding;                 /* percent of submits */
        uint32_t submit, release, claim, renew, cancel, repeat, end; /* weights; the rest ticks */
        uint32_t extend, kill;
        uint32_t live_max, keys_max, pause_ms;
    } temper;
};

static inline uint64_t fuzz_wall(const struct fuzz *f)
{
    return f->wall_ms + (uint64_t)f->now_ms;
}

/* Says what differs, once a run. Always false. */
bool fuzz_fail(struct fuzz *f, const char *what, const char *id)
    __attribute__((warn_unused_result));

/* core_steps.c: does one random step with all three, and compares what it gave. */
bool fuzz_step(struct fuzz *f);

/* core_draft.c: what will happen in this run, and how often. */
void fuzz_choose_temper(struct fuzz *f);

/* core_recovery.c: a crash; what is stored goes into new cores. */
bool fuzz_restart(struct fuzz *f);

/* core_compare_step.c, core_compare_state.c: whether core and model tell the same. The first also
 * gives the model what it cannot predict: tokens, and which of the ended ones are forgotten. */
uint32_t model_of(const struct fuzz *f, const struct op *op);
bool compare_outcome(struct fuzz *f, const struct model_outcome *expected,
                     const struct outcome *got, const struct event *event);
bool compare_ahead(struct fuzz *f, uint32_t op, const struct ahead *told);
bool compare_state(struct fuzz *f, bool everything);
bool compare_twin(struct fuzz *f, const struct outcome *got, const struct outcome *twin);

#endif
