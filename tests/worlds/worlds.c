/*
 * lockq-worlds: small worlds, in which everything that can happen is tried.
 *
 *     lockq-worlds [--release] [--world NAME]
 *
 * A world has some clients, each with a few steps, and three keys. Every order of every choice of
 * steps is a path through its states; states that are equal up to the names of clients and of
 * interchangeable keys are visited once. Along each edge the real core does the step from a fresh
 * start, and all that it tells is compared with the rules (rules.h). --release: larger worlds,
 * some minutes. The first difference ends it with the path that shows it, one of the shortest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "moves.h"
#include "play.h"

#define PATH_MAX_STEPS 64
#define PROGRESS_EVERY 1000000

/* How a state was first reached. */
struct visit {
    uint32_t from;
    struct step by;
};

struct visits {
    struct visit *all; /* the first is where the world begins */
    size_t n, cap;
    uint64_t *hashes; /* open addressing; 0: free */
    size_t n_slots;
};

struct totals {
    uint64_t worlds, states, edges, crashes;
};

static const struct tree flat = {.paths = {"A", "B", "C"}, .overlaps = {1, 2, 4}, .n_keys = 3};
static const struct tree deep = {
    .paths = {"A", "A/1", "B"}, .overlaps = {3, 3, 4}, .above = {0, 1, 0}, .n_keys = 3};
static const struct tree twins = {
    .paths = {"A", "A/1", "A/2"}, .overlaps = {7, 3, 5}, .above = {0, 1, 1}, .n_keys = 3};

static const struct world quick_worlds[] = {
    {"sets", &flat, 3, 4, 1, 0, 3},
    {"sets, not waiting", &flat, 2, 4, 1, PART_NOW | PART_LEAVE, 3},
    {"paths", &deep, 3, 4, 1, 0, 0},
    {"one path", &twins, 3, 4, 1, PART_ONE_KEY, 2},
    {"times", &twins, 3, 3, 0, PART_TIMED | PART_ONE_KEY, 2},
    {"times and crashes", &deep, 2, 4, 2, PART_TIMED | PART_LEAVE | PART_ONE_KEY, 0},
    {"changes", &twins, 3, 3, 1, PART_ASKING | PART_ONE_KEY, 2},
    {"changes, more and less", &deep, 2, 4, 0, PART_ASKING | PART_MORE, 0},
    {"passing", &twins, 3, 3, 1, PART_PASSING | PART_ONE_KEY, 2},
    {"more and less", &twins, 2, 4, 1, PART_MORE, 2},
    {"more and less of three", &deep, 3, 3, 0, PART_MORE | PART_ONE_KEY, 0},
    {"families", &twins, 2, 3, 1, PART_CHILDREN | PART_ONE_KEY, 2},
    {"families of three", &flat, 3, 2, 0, PART_CHILDREN | PART_ONE_KEY, 3},
    {"families, more and less", &twins, 2, 3, 0, PART_CHILDREN | PART_MORE | PART_ONE_KEY, 2},
    {"families and times", &flat, 2, 2, 1, PART_CHILDREN | PART_TIMED | PART_LEAVE | PART_ONE_KEY,
     3},
};

static const struct world release_worlds[] = {
    {"times, four steps", &twins, 3, 4, 1, PART_TIMED | PART_ONE_KEY, 2},
    {"families of three, three steps", &flat, 3, 3, 0, PART_CHILDREN | PART_ONE_KEY, 3},
    {"families and times, three steps", &flat, 2, 3, 0,
     PART_CHILDREN | PART_TIMED | PART_LEAVE | PART_ONE_KEY, 3},
};

/* --- states ---------------------------------------------------------------------------------- */

static size_t slot_of(const struct visits *visits, uint64_t hash)
{
    size_t slot = hash & (visits->n_slots - 1);

    while (visits->hashes[slot] != 0 && visits->hashes[slot] != hash)
        slot = (slot + 1) & (visits->n_slots - 1);
    return slot;
}

static void grow(struct visits *visits)
{
    uint64_t *old = visits->hashes;
    size_t n_old = visits->n_slots;

    visits->n_slots = n_old == 0 ? 1024 : 2 * n_old;
    visits->hashes = memory_alloc_zeroed(visits->n_slots, sizeof *visits->hashes);
    for (size_t i = 0; i < n_old; i++)
        if (old[i] != 0)
            visits->hashes[slot_of(visits, old[i])] = old[i];
    free(old);
}

static bool is_new(struct visits *visits, uint64_t hash)
{
    size_t slot;

    hash |= 1;
    if (2 * visits->n >= visits->n_slots)
        grow(visits);
    slot = slot_of(visits, hash);
    if (visits->hashes[slot] == hash)
        return false;
    visits->hashes[slot] = hash;
    return true;
}

static void add(struct visits *visits, uint32_t from, const struct step *by)
{
    if (visits->n == visits->cap) {
        visits->cap = visits->cap == 0 ? 1024 : 2 * visits->cap;
        visits->all = memory_resize(visits->all, visits->cap * sizeof *visits->all);
    }
    visits->all[visits->n++] = (struct visit){from, *by};
}

/* --- paths ----------------------------------------------------------------------------------- */

static uint32_t path_to(const struct visits *visits, uint32_t state, struct step *path)
{
    uint32_t n = 0;

    for (uint32_t at = state; at != 0; at = visits->all[at].from)
        path[PATH_MAX_STEPS - ++n] = visits->all[at].by;
    memmove(path, path + PATH_MAX_STEPS - n, n * sizeof *path);
    return n;
}

static void explain(const struct world *world, const struct play *play, const struct step *path,
                    uint32_t n)
{
    printf("world \"%s\": %s\n", world->name, play->wrong);
    for (uint32_t i = 0; i < n; i++) {
        char text[80] = "";
        play_describe(world->tree, &path[i], text, sizeof text);
        printf("    %s\n", text);
    }
}

/* The core does the path and is compared at its end: all before it was when it was found. */
static bool try_path(const struct world *world, const struct rules *start, const struct step *path,
                     uint32_t n)
{
    struct play play;
    bool is_right = true;

    play_begin(&play, world->tree, start);
    for (uint32_t i = 0; i < n && is_right; i++)
        is_right = play_step(&play, &path[i]);
    is_right = is_right && play_compare(&play);
    if (!is_right)
        explain(world, &play, path, n);
    play_finish(&play);
    return is_right;
}

/* --- worlds ---------------------------------------------------------------------------------- */

static bool try_all_from(const struct moves *moves, const struct rules *start,
                         struct visits *visits, uint32_t state, struct totals *totals)
{
    struct step path[PATH_MAX_STEPS], next[MOVES_MAX];
    struct rules rules = *start;
    struct told told;
    uint32_t n_path = path_to(visits, state, path), n;

    for (uint32_t i = 0; i < n_path; i++)
        rules_step(moves->world->tree, &rules, &path[i], &told);
    n = moves_next(moves, &rules, next);
    for (uint32_t i = 0; i < n; i++) {
        struct rules after = rules;
        path[n_path] = next[i];
        if (!try_path(moves->world, start, path, n_path + 1))
            return false;
        rules_step(moves->world->tree, &after, &next[i], &told);
        if (is_new(visits, moves_hash(moves, &after)))
            add(visits, state, &next[i]);
        totals->crashes += next[i].kind == STEP_CRASH;
        if (++totals->edges % PROGRESS_EVERY == 0)
            fprintf(stderr, "lockq-worlds: \"%s\", %" PRIu64 " steps\n", moves->world->name,
                    totals->edges);
    }
    return true;
}

static bool explore(const struct world *world, struct totals *totals)
{
    static const struct step none;
    struct visits visits = {0};
    struct rules start = {.crashes_left = world->crashes};
    struct moves moves;
    bool is_right = true;

    for (int i = 0; i < world->clients; i++)
        start.steps_left[i] = world->steps;
    moves_init(&moves, world);
    is_new(&visits, moves_hash(&moves, &start));
    add(&visits, 0, &none);
    for (uint32_t state = 0; state < visits.n && is_right; state++)
        is_right = try_all_from(&moves, &start, &visits, state, totals);
    totals->worlds++;
    totals->states += visits.n;
    fprintf(stderr, "lockq-worlds: \"%s\": %zu states, %" PRIu64 " steps so far\n", world->name,
            visits.n, totals->edges);
    free(visits.all);
    free(visits.hashes);
    return is_right;
}

static bool explore_all(const struct world *worlds, size_t n, const char *only,
                        struct totals *totals)
{
    for (size_t i = 0; i < n; i++)
        if ((only == NULL || strcmp(only, worlds[i].name) == 0) && !explore(&worlds[i], totals))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct totals totals = {0};
    const char *only = NULL;
    bool is_release = false, is_right;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--release") == 0) {
            is_release = true;
        } else if (strcmp(argv[i], "--world") == 0 && i + 1 < argc) {
            only = argv[++i];
        } else {
            fputs("usage: lockq-worlds [--release] [--world NAME]\n", stderr);
            return 64;
        }
    is_right = explore_all(quick_worlds, sizeof quick_worlds / sizeof *quick_worlds, only, &totals);
    if (is_right && (is_release || only != NULL))
        is_right = explore_all(release_worlds, sizeof release_worlds / sizeof *release_worlds, only,
                               &totals);
    if (is_right && totals.worlds == 0) {
        fprintf(stderr, "lockq-worlds: there is no world \"%s\"\n", only);
        return 64;
    }
    printf("worlds: worlds=%" PRIu64 " states=%" PRIu64 " edges=%" PRIu64 " crashes=%" PRIu64
           " violations=%d\n",
           totals.worlds, totals.states, totals.edges, totals.crashes, !is_right);
    return is_right ? 0 : 1;
}
