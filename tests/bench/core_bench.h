/*
 * Figures of the core alone: no sockets, no store, one thread.
 *
 * A scenario builds a core, fills it, and measures one thing several times; what is kept is the
 * median of the rounds. Times are of this machine at this moment; the ratios are what travels.
 */
#ifndef BENCH_CORE_BENCH_H
#define BENCH_CORE_BENCH_H

#include "core/core.h"

#define BENCH_FIGURES 64

struct figure {
    char name[64];
    double ns;       /* of one operation of the kind that the name says */
    uint32_t n_keys; /* of it; 0: does not matter */
    double ratio;    /* to the figure that it is compared with; 0: none */
};

struct bench {
    uint32_t rounds;
    bool smoke; /* sizes cut down to nothing: whether it runs, not how fast */
    struct figure figures[BENCH_FIGURES];
    uint32_t n;
};

/* n, or little when only smoke is wanted. */
uint32_t bench_size(const struct bench *bench, uint32_t n);
/* Keeps the median of ns[rounds]. Returns the figure, to compare others with. */
struct figure *bench_add(struct bench *bench, const char *name, double *ns, uint32_t n_keys);

/* The scenarios, each in a file of its own. */
void bench_pairs(struct bench *bench);   /* submit + release among many live keys */
void bench_hot_key(struct bench *bench); /* one key and a long line */
void bench_crowds(struct bench *bench);  /* cancel storm, zipf */
void bench_beside(struct bench *bench);  /* beside crowds that do not matter; with revisions */

/* --- core_world.c: a core to be measured ---------------------------------------------------- */

struct world {
    struct core *core;
    int64_t now_ms;
    struct outcome out;
};

/* Operations get numbers for ids, sessions do not matter: all are tied to session 1. */
void world_init(struct world *world);
/* One that remembers the revisions of so many keys; the other remembers none. */
void world_init_remembering(struct world *world, uint64_t changed_keys);
void world_finish(struct world *world);
struct op *world_submit(struct world *world, uint64_t id, const struct core_key *keys, uint32_t n);
struct op *world_submit_child(struct world *world, uint64_t id, const struct core_key *keys,
                              uint32_t n, uint64_t parent);
void world_release(struct world *world, uint64_t id);
void world_cancel(struct world *world, uint64_t id);

/* Processor time of this thread: the core never sleeps, and others may use the machine. */
double world_clock_ns(void);
/* Random, the same in every run. */
uint64_t world_random(uint64_t *state);

/* Sets of keys "Task/NUMBER", normalised; the numbers are random ones below `range`, plus `from`.
 */
struct key_sets {
    struct core_key *keys; /* n_sets * n_keys */
    uint32_t n_sets, n_keys;
    uint32_t *n; /* of each set, doubles dropped */
    char *paths;
};

void key_sets_init(struct key_sets *sets, uint32_t n_sets, uint32_t n_keys, uint64_t from,
                   uint64_t range);
void key_sets_finish(struct key_sets *sets);

#endif
