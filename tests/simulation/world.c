#include "world.h"

#include <inttypes.h>
#include <stdio.h>

#define STOP_WITHIN_MS 5000
#define KEEPALIVE_MS   30000

static void draw_bytes(void *context, void *bytes, size_t n)
{
    struct chance *chance = context;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)chance_below(chance, 256);
}

static void take_log(void *context, const char *line)
{
    (void)context;
    (void)line;
}

void world_print(struct world *world, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < n; i++)
        world->print = (world->print ^ at[i]) * 0x100000001b3ULL;
}

/* --- the process ----------------------------------------------------------------------------- */

static void before_poll(struct world *world)
{
    world->decided_ms = clock_daemon_ms(&world->clock) - 1;
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
        .outside = {world->chance, draw_bytes, take_log},
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
    world->is_stopping = world->is_inside = world->stalls_inside = false;
    world->generation++;
    world->stalled_ms = world->clock.real_ms;
    before_poll(world);
}

/* Its ends of all links close; what it had written may still arrive. */
static void die(struct world *world, bool power)
{
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];
        if (link->conn == NULL && !link->is_knocking)
            continue;
        link->conn = NULL;
        link->is_knocking = false;
        if (power || chance_is(world->chance, 50))
            link_reset(link, world->clock.real_ms);
        stream_reset(&link->up);
        link->daemon_has_left = true;
        if (link->broken_ms == 0)
            link->broken_ms = world->clock.real_ms;
    }
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

/* --- links ----------------------------------------------------------------------------------- */

static void close_conn(struct world *world, struct link *link)
{
    if (link->conn == NULL)
        return;
    transcript_say(world->transcript, "-- the daemon closes link %u of client %d", link->number,
                   link->client);
    server_on_close(world->server, link->conn);
    link->conn = NULL;
    link->daemon_has_left = true;
    if (link->broken_ms == 0)
        link->broken_ms = world->clock.real_ms;
    stream_reset(&link->up);
}

struct link *world_connect(struct world *world, int client)
{
    struct link *first = &world->links[2 * client], *second = first + 1;
    struct link *link = first->conn == NULL && !first->is_knocking ? first : second;

    if (world->server == NULL || world->is_stopping)
        return NULL;
    if (link == second && (second->conn != NULL || second->is_knocking))
        return NULL;
    link_open(link, world->plan, world->chance, ++world->link_numbers, world->clock.real_ms);
    return link;
}

void world_say(struct world *world, struct link *link, const char *bytes, size_t n)
{
    link_send(link, world->plan, world->chance, bytes, n, world->clock.real_ms);
}

static void accept_link(struct world *world, struct link *link)
{
    struct peer peer = {.is_local = true, .uid = 1000 + (uint32_t)link->client};

    if (!link->is_knocking || link->knocks_ms > world->clock.real_ms ||
        !server_has_room(world->server))
        return;
    snprintf(peer.text, sizeof peer.text, "uid:%d", 1000 + link->client);
    link->is_knocking = false;
    link->accepted_ms = world->clock.real_ms;
    link->conn = server_on_connect(world->server, &peer, link);
}

/* Reads once, or finds that the peer has gone. */
static void read_link(struct world *world, struct link *link)
{
    size_t n = stream_arrived(&link->up, world->clock.real_ms);
    bool has_gone = link->client_has_left && n == buf_size(&link->up.bytes);

    if (link->conn == NULL)
        return;
    if (link->vanished_ms != 0 && link->vanished_ms + KEEPALIVE_MS <= world->clock.real_ms)
        link->client_has_left = has_gone = true;
    if (!conn_wants_input(link->conn)) {
        if (has_gone)
            close_conn(world, link);
        return;
    }
    if (n > world->plan->read_most)
        n = world->plan->read_most;
    if (n > 0) {
        world_print(world, buf_data(&link->up.bytes), n);
        server_on_input(world->server, link->conn, buf_data(&link->up.bytes), n);
        stream_take(&link->up, n);
    } else if (has_gone) {
        close_conn(world, link);
    }
}

static void write_link(struct world *world, struct link *link)
{
    struct slice out = conn_output(link->conn);
    size_t n;

    if (conn_is_cut(link->conn)) {
        close_conn(world, link);
        return;
    }
    n = out.n == 0 ? 0 : link_write(link, world->plan, out.at, out.n, world->clock.real_ms);
    link->wants_room = n < out.n;
    if (n > 0) {
        world_print(world, out.at, n);
        server_on_written(world->server, link->conn, n);
    }
    if (conn_is_closing(link->conn) && conn_output(link->conn).n == 0)
        close_conn(world, link);
}

static bool has_room(const struct world *world, const struct link *link)
{
    return link->conn != NULL && link->wants_room &&
           (buf_size(&link->down.bytes) < world->plan->window || link->daemon_has_left);
}

static void write_all(struct world *world)
{
    for (struct conn *conn; (conn = server_next_output(world->server)) != NULL;)
        write_link(world, conn_io(conn));
    for (uint32_t i = 0; i < world->n_links; i++)
        if (has_room(world, &world->links[i]))
            write_link(world, &world->links[i]);
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
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];
        if (!link->is_knocking)
            continue;
        link->is_knocking = false;
        link_reset(link, world->clock.real_ms);
    }
    server_begin_stop(world->server);
}

static bool has_output(const struct world *world)
{
    for (uint32_t i = 0; i < world->n_links; i++)
        if (world->links[i].conn != NULL && conn_output(world->links[i].conn).n > 0)
            return true;
    return false;
}

static bool poll_and_read(struct world *world)
{
    uint32_t first = chance_below(world->chance, world->n_links);

    server_set_time(world->server, clock_daemon_ms(&world->clock), clock_wall_ms(&world->clock));
    if (world->committing != NULL && world->committed_ms <= world->clock.real_ms &&
        !end_commit(world))
        return false;
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[(first + i) % world->n_links];
        bool is_new = link->is_knocking;
        accept_link(world, link);
        if (!is_new)
            read_link(world, link);
    }
    return true;
}

static void decide_and_write(struct world *world)
{
    server_end_turn(world->server, world->decided_ms);
    do {
        begin_commit(world);
        if (world->committing != NULL && world->committed_ms <= world->clock.real_ms &&
            !end_commit(world))
            return;
        write_all(world); /* closes connections too, and that may end sessions */
    } while (world->committing == NULL && !server_is_idle(world->server));
    if (world->is_stopping && ((server_is_idle(world->server) && !has_output(world)) ||
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
    world->counts.turns++;
    world->store.is_low = world->clock.real_ms < world->low_until_ms;
    if (!world->is_inside && !poll_and_read(world))
        return;
    if (world->stalls_inside) {
        world->stalls_inside = false;
        world->is_inside = true;
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

static int64_t link_due_ms(const struct world *world, const struct link *link)
{
    if (link->is_knocking)
        return server_has_room(world->server) ? link->knocks_ms : NEVER;
    if (link->conn == NULL)
        return NEVER;
    if (has_room(world, link))
        return 0;
    if (conn_wants_input(link->conn) && buf_size(&link->up.bytes) > 0)
        return stream_next_ms(&link->up);
    if (link->vanished_ms != 0)
        return link->vanished_ms + KEEPALIVE_MS;
    return link->client_has_left ? link->up.last_ms : NEVER;
}

int64_t world_next_ms(const struct world *world)
{
    int64_t now_ms = world->clock.real_ms, next_ms = now_ms + IO_SLEEP_MAX, deadline;

    if (world->server == NULL)
        return world->up_at_ms;
    if (world->runs_at_ms > now_ms)
        return world->runs_at_ms;
    if (world->is_inside || server_has_backlog(world->server))
        return now_ms;
    deadline = server_next_deadline(world->server);
    if (deadline != INT64_MAX)
        next_ms = earlier(
            next_ms, now_ms + (deadline > world->decided_ms ? deadline - world->decided_ms : 0));
    if (world->committing != NULL)
        next_ms = earlier(next_ms, world->committed_ms);
    for (uint32_t i = 0; i < world->n_links; i++)
        next_ms = earlier(next_ms, link_due_ms(world, &world->links[i]));
    return next_ms < now_ms ? now_ms : next_ms;
}

bool world_is_idle(const struct world *world)
{
    if (world->server == NULL || !server_is_idle(world->server) ||
        server_has_backlog(world->server) || has_output(world))
        return false;
    for (uint32_t i = 0; i < world->n_links; i++) {
        const struct link *link = &world->links[i];
        if (link->is_knocking && server_has_room(world->server))
            return false;
        if (link->conn != NULL && (buf_size(&link->up.bytes) > 0 || link->client_has_left))
            return false;
        if (link->is_used && buf_size(&link->down.bytes) > 0)
            return false;
    }
    return true;
}
