/*
 * lockq-sim: seeded runs of the server over a simulated world.
 *
 *     lockq-sim --seed N [--log]            replays one run; --log writes its transcript
 *     lockq-sim --seeds N [--from SEED]     runs N of them, with progress on standard error
 *
 * Each run is made twice and must say the same to the byte.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "run.h"

#define WRONG_MAX      5
#define PROGRESS_EVERY 500

struct options {
    uint64_t from, n;
    bool logs;
};

struct totals {
    uint64_t ops, answers, facts, snapshots, wrong;
    struct world_counts counts;
    int64_t simulated_ms;
};

static void add(struct totals *totals, const struct run_result *result)
{
    totals->ops += result->ops;
    totals->answers += result->answers;
    totals->facts += result->facts;
    totals->snapshots += result->snapshots;
    totals->simulated_ms += result->simulated_ms;
    totals->counts.turns += result->counts.turns;
    totals->counts.commits += result->counts.commits;
    totals->counts.crashes += result->counts.crashes;
    for (int kind = 0; kind < FAULT_COUNT; kind++)
        totals->counts.faults[kind] += result->counts.faults[kind];
}

static void play_twice(uint64_t seed, bool logs, struct totals *totals)
{
    struct run_result first = run_play(seed, logs ? stdout : NULL), second;
    bool is_right = first.is_right;

    add(totals, &first);
    if (is_right) {
        second = run_play(seed, NULL);
        is_right = second.is_right && second.print == first.print;
        if (!is_right)
            fprintf(stderr, "seed %" PRIu64 ": not the same when played again\n", seed);
    }
    if (is_right)
        return;
    totals->wrong++;
    fprintf(stderr, "replay: lockq-sim --seed %" PRIu64 " --log\n", seed);
}

static void print(const struct totals *totals, uint64_t n)
{
    const struct world_counts *counts = &totals->counts;
    uint64_t cuts = 0, stalls = counts->faults[FAULT_STALL] + counts->faults[FAULT_STALL_INSIDE];

    for (int kind = FAULT_CUT_UP; kind <= FAULT_LEAVE; kind++)
        cuts += counts->faults[kind];
    for (int kind = 1; kind < FAULT_COUNT; kind++)
        fprintf(stderr, "%s %" PRIu64 "%s", fault_names[kind], counts->faults[kind],
                kind % 8 == 0 || kind == FAULT_COUNT - 1 ? "\n" : ", ");
    printf("sim: seeds=%" PRIu64 " ops=%" PRIu64 " answers=%" PRIu64 " facts=%" PRIu64
           " snapshots=%" PRIu64 " commits=%" PRIu64 " crashes=%" PRIu64 " cuts=%" PRIu64
           " stalls=%" PRIu64 " hours=%" PRId64 " violations=%" PRIu64 "\n",
           n, totals->ops, totals->answers, totals->facts, totals->snapshots, counts->commits,
           counts->crashes, cuts, stalls, totals->simulated_ms / 3600000, totals->wrong);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.from = 1};
    for (int i = 1; i < argc; i++) {
        uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], NULL, 10) : 0;
        if (strcmp(argv[i], "--log") == 0) {
            options->logs = true;
            continue;
        }
        if (value == 0)
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            *options = (struct options){.from = value, .n = 1, .logs = options->logs};
        else if (strcmp(argv[i], "--seeds") == 0)
            options->n = value;
        else if (strcmp(argv[i], "--from") == 0)
            options->from = value;
        else
            return false;
        i++;
    }
    return options->n > 0 && !(options->logs && options->n > 1);
}

int main(int argc, char **argv)
{
    struct totals totals = {0};
    struct options options;
    uint64_t done = 0;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: lockq-sim --seed N [--log] | --seeds N [--from SEED]\n");
        return 64;
    }
    paths_init();
    while (done < options.n && totals.wrong < WRONG_MAX) {
        play_twice(options.from + done++, options.logs, &totals);
        if (done % PROGRESS_EVERY == 0)
            fprintf(stderr, "%" PRIu64 " of %" PRIu64 " seeds\n", done, options.n);
    }
    print(&totals, done);
    return totals.wrong == 0 ? 0 : 1;
}
