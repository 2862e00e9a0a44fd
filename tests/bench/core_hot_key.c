/*
 * One key and a line behind its holder: what a hand-off and what joining at the end cost.
 *
 * As many operations are live whatever the length of a line: a few long lines or many short ones.
 * Else the ratios would tell what fits into the processor's cache, not what a longer line costs.
 * How much that alone makes is told by the short line among few.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core_bench.h"

#define MANY   1000000
#define FEW    (2 * BATCH)
#define BATCH  1000 /* hand-offs between two looks at the clock */
#define STRIDE 7919 /* from line to line: neighbours in memory are not visited in turn */

struct line {
    uint32_t first, next; /* numbers of the holder, and of who joins next */
    char path[16];
};

struct lines {
    struct line *at;
    uint32_t n;
    uint64_t visited; /* how often a line was visited, over all */
};

static uint64_t id_of(uint32_t line, uint32_t number)
{
    return (uint64_t)line << 24 | number;
}

static void join(struct world *world, struct lines *lines, uint32_t line)
{
    const struct core_key key = {slice_of(lines->at[line].path), MODE_X};
    world_submit(world, id_of(line, lines->at[line].next++), &key, 1);
}

static void lines_init(struct lines *lines, struct world *world, uint32_t n, uint32_t behind)
{
    *lines = (struct lines){.at = memory_alloc_zeroed(n, sizeof *lines->at), .n = n};
    for (uint32_t line = 0; line < n; line++) {
        snprintf(lines->at[line].path, sizeof lines->at[line].path, "Hot/%u", line);
        for (uint32_t i = 0; i <= behind; i++)
            join(world, lines, line);
    }
}

static double hand_off(struct world *world, struct lines *lines)
{
    double start = world_clock_ns();
    for (uint32_t i = 0; i < BATCH; i++) {
        uint32_t line = (uint32_t)((lines->visited + i) * STRIDE % lines->n);
        world_release(world, id_of(line, lines->at[line].first++));
    }
    return (world_clock_ns() - start) / BATCH;
}

/* Makes the lines as long again as they were before. */
static double join_again(struct world *world, struct lines *lines)
{
    double start = world_clock_ns();
    for (uint32_t i = 0; i < BATCH; i++)
        join(world, lines, (uint32_t)((lines->visited + i) * STRIDE % lines->n));
    lines->visited += BATCH;
    return (world_clock_ns() - start) / BATCH;
}

/* Asked by the one that joined last. */
static double ask_ahead(struct world *world)
{
    struct ahead ahead;
    uint32_t n = 20, met = 0;
    double start = world_clock_ns();
    for (uint32_t i = 0; i < n; i++) {
        core_ahead(world->core, world->out.op, &ahead);
        met += ahead.count;
    }
    double ns = (world_clock_ns() - start) / n;
    assert(met >= n);
    return ns;
}

static void line_of(struct bench *bench, uint32_t behind, uint32_t live, struct figure *shortest[3])
{
    static const char *const names[] = {"hand-off, behind it", "join, ahead of it",
                                        "ask who is ahead, of"};
    double *ns[3];
    char name[64];
    struct world world;
    struct lines lines;
    world_init(&world);
    lines_init(&lines, &world, live / (behind < BATCH ? behind + 1 : behind), behind);
    for (uint32_t i = 0; i < 3; i++)
        ns[i] = memory_alloc(bench->rounds * sizeof *ns[i]);
    for (uint32_t round = 0; round < bench->rounds; round++) {
        ns[0][round] = hand_off(&world, &lines);
        ns[1][round] = join_again(&world, &lines);
        ns[2][round] = ask_ahead(&world);
    }
    for (uint32_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s %u%s", names[i], behind, live == FEW ? ", few live" : "");
        struct figure *figure = bench_add(bench, name, ns[i], 0);
        if (shortest[i] == NULL && live != FEW)
            shortest[i] = figure;
        if (shortest[i] != NULL)
            figure->ratio = figure->ns / shortest[i]->ns;
        free(ns[i]);
    }
    free(lines.at);
    world_finish(&world);
}

void bench_hot_key(struct bench *bench)
{
    static const uint32_t lengths[] = {1, 1000, 100000, 1000000};
    struct figure *shortest[3] = {NULL};
    line_of(bench, 1, FEW, shortest);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        if (!bench->smoke || lengths[i] <= 1000)
            line_of(bench, lengths[i], bench->smoke ? 2 * FEW : MANY, shortest);
}
