/*
 * One run: a phase with the faults of its plan, and one without, in which everything must come to
 * an end.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "world.h"

struct run_result {
    bool is_right;
    uint64_t print; /* stands for every byte, commit and time of it */
    uint64_t ops, answers, facts, snapshots;
    struct world_counts counts;
    int64_t simulated_ms;
};

/* `log`: where its transcript goes; NULL: nowhere. */
struct run_result run_play(uint64_t seed, FILE *log);

#endif
