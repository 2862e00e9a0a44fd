#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "links.h"

#define STOP_WITHIN_MS 5000

static void draw_bytes(void *context, void *bytes, size_t n)
{
    struct chance *chance = context;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)chance_below(chance, 256);
}

/* Eight bytes at a time; which mixture it is does not matter. */
void world_print(struct world *world, const void *bytes, size_t n)
{
    const char *at = bytes;

    for (uint64_t word; n > 0;) {
        size_t part = n < sizeof word ? n : sizeof word;
        word = n;
        memcpy(&word, at, part);
        world->print = (world->print ^ word) * 0x9e3779b97f4a7c15ULL;
        world->print ^= world->print >> 29;
        at += part;
        n -= part;
    }
}

/* --- the process ----------------------------------------------------------------------------- */

static void before_poll(struct world *world)
{
    world->decided_ms = clock_daemon_ms(&world->clock) - 1;
}

void world_tell_time(struct world *world)
{
    server_set_time(world->server, clock_daemon_ms(&world->clock), clock_wall_ms(&world->clock));
}

static void draw_start_fault(struct world *world)
{
    struct fake_store *store = &world->store;

    if (world->is_quiet || world->plan->weights[FAULT_FAIL_START] == 0 ||
        chance_is(world->chance, 60))
        return;
    world->counts.faults[FAULT_FAIL_START]++;
    switch (chance_below(world->chance, 3)) {
    case 0:
        store->fails_open = true;
        break;
    case 1:
        store->next_commit = STORE_FATE_LOST;
        break;
    default:
        store->next_commit = STORE_FATE_UNTOLD;
    }
}

/* One try. A start that fails is tried again; one that finds the state damaged never may. */
static void start(struct world *world)
{
    struct server_config config = {
        .limits = world->plan->limits,
        .store = &world->store.base,
        .version = "simulated",
        .low_disk = 1,
        .records_max = world->plan->records_max,
        .outside = {.context = world->chance, .random = draw_bytes},
    };
    struct store_result result;

    draw_start_fault(world);
    world->clock.daemon = (struct io_clock){0};
    world->server = server_create(&config);
    result =
        server_recover(world->server, clock_daemon_ms(&world->clock), clock_wall_ms(&world->clock));
    if (result.status == STORE_DAMAGED)
        snprintf(world->wrong, sizeof world->wrong, "it does not start: %s", result.why);
    if (result.status != STORE_OK) {
        transcript_say(world->transcript, "-- start fails: %s", result.why);
        server_destroy(world->server);
        world->server = NULL;
        world->up_at_ms = world->clock.real_ms + 100 + chance_below(world->chance, 1000);
        return;
    }
    transcript_say(world->transcript, "-- started");
    world->store.fails_open = false;
    world->store.next_commit = STORE_FATE_DONE;
    world->is_stopping = world->is_inside = world->stalls_inside = world->waits = false;
    world->runs_at_ms = 0;
    clock_go_on(&world->clock);
    world->generation++;
    world->stalled_ms = world->clock.real_ms;
    before_poll(world);
}

/* Its ends of all links close; what it had written may still arrive. */
static void die(struct world *world, bool power)
{
    links_die(world, power);
    server_destroy(world->server);
    world->server = NULL;
    world->committing = NULL;
    world->fate = COMMIT_SUCCEEDS;
    world->commit_end_ms = world->clock.real_ms;
    world->up_at_ms = world->clock.real_ms + chance_below(world->chance, 3000);
}

void world_crash(struct world *world, const char *how, bool power)
{
    if (world->server == NULL)
        return;
    transcript_say(world->transcript, "-- %s", how);
    /* A batch that was written and not synced outlives the process, but not the machine. */
    if (world->committing != NULL && world->fate != COMMIT_NOT_BEGUN && !power &&
        chance_is(world->chance, 50))
        fake_store_apply(&world->store, world->committing);
    world->counts.crashes++;
    die(world, power);
}

void world_init(struct world *world, const struct plan *plan, struct chance *chance,
                struct transcript *transcript)
{
    *world = (struct world){.plan = plan,
                            .chance = chance,
                            .transcript = transcript,
                            .n_links = 2 * (uint32_t)plan->n_clients,
                            .print = 0xcbf29ce484222325ULL};
    transcript->clock = &world->clock;
    world->clock.real_ms = 1000;
    for (uint32_t i = 0; i < world->n_links; i++) {
        world->links[i].client = (int)i / 2;
        link_forget(&world->links[i]);
    }
    fake_store_init(&world->store);
    start(world);
}

void world_finish(struct world *world)
{
    for (uint32_t i = 0; i < world->n_links; i++)
        link_forget(&world->links[i]);
    server_destroy(world->server);
    fake_store_finish(&world->store);
}

/* --- commits --------------------------------------------------------------------------------- */

static void begin_commit(struct world *world)
{
    const struct plan *plan = world->plan;
    int64_t now_ms = world->clock.real_ms;

    if (world->committing != NULL)
        return;
    world->committing = server_next_batch(world->server);
    if (world->committing == NULL)
        return;
    world->commit_since_ms = now_ms;
    world->committed_ms =
        now_ms + (plan->commit_ms == 0 ? 0 : chance_below(world->chance, plan->commit_ms + 1));
    if (now_ms < world->slow_until_ms)
        world->committed_ms += chance_below(world->chance, 3000);
}

/* Returns whether the process lives on. */
static bool end_commit(struct world *world)
{
    const struct store_batch *batch = world->committing;

    switch (world->fate) {
    case COMMIT_NOT_BEGUN:
        world_crash(world, "killed before a commit", false);
        return false;
    case COMMIT_CUT_OFF:
        world_crash(world, "killed during a commit", false);
        return false;
    case COMMIT_FAILS:
        world_crash(world, "a commit fails", false); /* io.c: ends at once, and says nothing */
        return false;
    case COMMIT_UNANSWERED:
        fake_store_apply(&world->store, batch);
        world->committing = NULL;
        world_crash(world, "killed after a commit", false);
        return false;
    case COMMIT_SUCCEEDS:
        break;
    }
    fake_store_apply(&world->store, batch);
    world->committing = NULL;
    world->counts.commits++;
    world_tell_time(world);
    server_on_commit(world->server);
    world->commit_end_ms = world->clock.real_ms;
    return true;
}

/* --- a turn ---------------------------------------------------------------------------------- */

static void end_process(struct world *world)
{
    transcript_say(world->transcript, "-- stopped");
    die(world, false);
}

void world_stop(struct world *world)
{
    if (world->server == NULL || world->is_stopping)
        return;
    world->is_stopping = true;
    world->stops_ms = world->clock.real_ms + STOP_WITHIN_MS;
    links_refuse(world);
    server_begin_stop(world->server);
}

static bool poll_and_read(struct world *world)
{
    if (world->committing != NULL && world->committed_ms <= world->clock.real_ms &&
        !end_commit(world))
        return false;
    links_read(world);
    return true;
}

static void commit_and_write(struct world *world)
{
    do {
        begin_commit(world);
        if (world->committing != NULL && world->committed_ms <= world->clock.real_ms &&
            !end_commit(world))
            return;
        links_write(world); /* closes connections too, and that may end sessions */
    } while (world->committing == NULL && !server_is_idle(world->server));
}

/* Where requests came, a commit may wait for more. */
static bool waits_for_more(struct world *world, bool has_read)
{
    return has_read && world->committing == NULL && !server_is_idle(world->server) &&
           chance_is(world->chance, 50);
}

static void decide_and_write(struct world *world)
{
    bool has_read = links_carry_out(world);

    world_tell_time(world);
    server_end_turn(world->server, world->decided_ms);
    world->waits = waits_for_more(world, has_read);
    if (world->waits)
        links_write(world);
    else
        commit_and_write(world);
    if (world->server == NULL)
        return;
    if (world->is_stopping && ((server_is_idle(world->server) && !links_have_output(world)) ||
                               world->clock.real_ms >= world->stops_ms))
        end_process(world);
    else
        before_poll(world);
}

void world_run(struct world *world)
{
    if (world->server == NULL) {
        if (world->up_at_ms <= world->clock.real_ms)
            start(world);
        return;
    }
    if (world->runs_at_ms > world->clock.real_ms)
        return;
    clock_go_on(&world->clock);
    world->counts.turns++;
    world->store.is_low = world->clock.real_ms < world->low_until_ms;
    if (!world->is_inside && !poll_and_read(world))
        return;
    if (world->stalls_inside) {
        world->stalls_inside = false;
        world->is_inside = true;
        if (chance_is(world->chance, 50))
            links_carry_out(world);
        clock_stop(&world->clock);
        world->runs_at_ms = world->clock.real_ms + 1000 + chance_below(world->chance, 100000);
        world->stalled_ms = world->runs_at_ms;
        return;
    }
    world->is_inside = false;
    decide_and_write(world);
}

/* --- what is next ---------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t world_next_ms(const struct world *world)
{
    int64_t now_ms = world->clock.real_ms, next_ms = now_ms + IO_SLEEP_MAX, deadline;

    if (world->server == NULL)
        return world->up_at_ms;
    if (world->runs_at_ms > now_ms)
        return world->runs_at_ms;
    if (world->is_inside || world->waits || server_has_backlog(world->server))
        return now_ms;
    deadline = server_next_deadline(world->server);
    if (deadline != INT64_MAX)
        next_ms = earlier(
            next_ms, now_ms + (deadline > world->decided_ms ? deadline - world->decided_ms : 0));
    if (world->committing != NULL)
        next_ms = earlier(next_ms, world->committed_ms);
    next_ms = earlier(next_ms, links_next_ms(world));
    return next_ms < now_ms ? now_ms : next_ms;
}
