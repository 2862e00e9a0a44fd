#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "core_bench.h"

#define PATH_MAX_BYTES 24

void world_init_remembering(struct world *world, uint64_t changed_keys)
{
    const struct core_config config = {
        .hash_key = {0x0123456789abcdef, 0xfedcba9876543210},
        .epoch = 1,
        .limits = {.live_ops = 4000000,
                   .live_ops_per_session = 4000000,
                   .live_claims = 40000000,
                   .live_bytes = 1 << 30,
                   .namespaces = 10,
                   .generations = 1,
                   .changed_keys = changed_keys,
                   .remembered = 1000,
                   .remembered_ms = 86400000},
    };
    *world = (struct world){.core = core_create(&config)};
}

void world_init(struct world *world)
{
    world_init_remembering(world, 0);
}

void world_finish(struct world *world)
{
    core_destroy(world->core);
}

/* 48 bits. Cheaper than printf, which would be a good part of what is measured. */
static struct slice id_of(uint64_t id, char text[12])
{
    for (uint32_t i = 0; i < 12; i++, id >>= 4)
        text[11 - i] = "ghijklmnopqrstuv"[id & 15];
    return (struct slice){text, 12};
}

static struct op *submit(struct world *world, struct slice id, const struct core_key *keys,
                         uint32_t n, struct slice parent)
{
    const struct event event = {.type = EVENT_SUBMIT,
                                .now_ms = ++world->now_ms,
                                .wall_ms = 1700000000000ULL,
                                .ns = SLICE("default"),
                                .op = id,
                                .session = 1,
                                .keys = keys,
                                .n_keys = n,
                                .wait_ms = CORE_FOREVER,
                                .claim_in_ms = CORE_FOREVER,
                                .lease_ms = CORE_FOREVER,
                                .who = SLICE("uid:1000"),
                                .why = SLICE("bench"),
                                .parent = parent};
    core_step(world->core, &event, &world->out);
    assert(world->out.status == LOCKQ_OK);
    return world->out.op;
}

struct op *world_submit(struct world *world, uint64_t id, const struct core_key *keys, uint32_t n)
{
    char text[12];
    return submit(world, id_of(id, text), keys, n, (struct slice){NULL, 0});
}

struct op *world_submit_child(struct world *world, uint64_t id, const struct core_key *keys,
                              uint32_t n, uint64_t parent)
{
    char text[12], of_parent[12];
    return submit(world, id_of(id, text), keys, n, id_of(parent, of_parent));
}

static void end(struct world *world, enum event_type type, uint64_t id)
{
    char text[12];
    const struct event event = {.type = type,
                                .now_ms = ++world->now_ms,
                                .wall_ms = 1700000000000ULL,
                                .ns = SLICE("default"),
                                .op = id_of(id, text),
                                .session = 1};
    core_step(world->core, &event, &world->out);
    assert(world->out.status == LOCKQ_OK);
}

void world_release(struct world *world, uint64_t id)
{
    end(world, EVENT_RELEASE, id);
}

void world_cancel(struct world *world, uint64_t id)
{
    end(world, EVENT_CANCEL, id);
}

double world_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

uint64_t world_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void key_sets_init(struct key_sets *sets, uint32_t n_sets, uint32_t n_keys, uint64_t from,
                   uint64_t range)
{
    size_t all = (size_t)n_sets * n_keys;
    uint64_t state = from + n_keys;
    *sets = (struct key_sets){.keys = memory_alloc(all * sizeof *sets->keys),
                              .n_sets = n_sets,
                              .n_keys = n_keys,
                              .n = memory_alloc(n_sets * sizeof *sets->n),
                              .paths = memory_alloc(all * PATH_MAX_BYTES)};
    for (size_t i = 0; i < all; i++) {
        char *path = sets->paths + i * PATH_MAX_BYTES;
        uint64_t number = from + world_random(&state) % range;
        int n = snprintf(path, PATH_MAX_BYTES, "Task/%llu", (unsigned long long)number);
        sets->keys[i] = (struct core_key){{path, (uint32_t)n}, MODE_X};
    }
    for (uint32_t i = 0; i < n_sets; i++)
        sets->n[i] = core_normalise(sets->keys + (size_t)i * n_keys, n_keys);
}

void key_sets_finish(struct key_sets *sets)
{
    free(sets->keys);
    free(sets->n);
    free(sets->paths);
}
