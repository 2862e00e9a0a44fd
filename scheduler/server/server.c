#include "server/server.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "server/answer.h"
#include "server/attach.h"
#include "server/dispatch.h"
#include "server/recover.h"
#include "server/state.h"
#include "server/step.h"
#include "server/tell.h"

#define DISK_ASKED_EVERY_MS 1000

/* --- life ---------------------------------------------------------------------------------- */

static struct wire_limits wire_limits(const struct server_limits *limits)
{
    return (struct wire_limits){
        .path = limits->path,
        .segments = limits->segments,
        .keys = limits->keys,
        .key_text = limits->key_text,
        .keys_per_check = limits->keys_per_check,
        .payload = limits->payload,
        .meta = limits->meta,
        .text = limits->text,
        .lease_min = limits->lease_min,
        .lease_max = limits->lease_max,
        .grace_max = limits->grace,
    };
}

struct server *server_create(const struct server_config *config)
{
    struct server *server = memory_alloc_zeroed(1, sizeof *server);
    struct wire_limits limits = wire_limits(&config->limits);

    server->config = *config;
    server->conns.limits = &server->config.limits;
    server->parser = parser_create(&limits);
    server->is_settled = true;
    sessions_init(&server->sessions);
    return server;
}

void server_destroy(struct server *server)
{
    if (server == NULL)
        return;
    for (struct list *link; (link = list_first(&server->conns.all)) != NULL;) {
        struct conn *conn = LIST_ENTRY(link, struct conn, all);
        answer_remove_all(server, conn);
        conn_destroy(&server->conns, conn);
    }
    sessions_finish(&server->sessions);
    timers_finish(&server->answers);
    timers_finish(&server->conns.stalls);
    pipeline_finish(&server->pipeline);
    feed_finish(&server->feed);
    core_destroy(server->core);
    parser_destroy(server->parser);
    buf_finish(&server->scratch);
    free(server->keys);
    free(server);
}

static void let_sessions_linger(struct server *server)
{
    LIST_EACH (&server->sessions.all, link)
        session_linger(&server->sessions, LIST_ENTRY(link, struct session, all), server->now_ms,
                       false);
}

static void ask_disk(struct server *server)
{
    struct store *store = server->config.store;

    if (server->disk_asked_ms != 0 && server->now_ms - server->disk_asked_ms < DISK_ASKED_EVERY_MS)
        return;
    server->disk_asked_ms = server->now_ms;
    server->is_low_on_disk = store->is->free_bytes(store) < server->config.low_disk;
}

struct store_result server_recover(struct server *server, int64_t now_ms, uint64_t wall_ms)
{
    struct store *store = server->config.store;
    struct store_result result;

    server_set_time(server, now_ms, wall_ms);
    result = recover(server);
    if (result.status != STORE_OK)
        return result;
    if (!step_recovered(server))
        return (struct store_result){STORE_DAMAGED,
                                     "open store: two operations have the same token"};
    let_sessions_linger(server);
    /* Taken even when nothing was granted: the epoch must be durable before its first token. */
    pipeline_take(&server->pipeline, now_ms);
    while (pipeline_is_in_flight(&server->pipeline)) {
        result = store->is->commit(store, pipeline_commit(&server->pipeline));
        if (result.status != STORE_OK)
            return result;
        pipeline_on_commit(&server->pipeline);
    }
    ask_disk(server); /* or the requests of the first turn would not know */
    return result;
}

/* --- a turn ---------------------------------------------------------------------------------- */

void server_set_time(struct server *server, int64_t now_ms, uint64_t wall_ms)
{
    assert(now_ms >= server->now_ms);
    server->now_ms = now_ms;
    server->wall_ms = wall_ms;
}

/* Requests that were put off come before deadlines are decided: a renewal may be among them. */
static void go_on_with(struct server *server, struct list *kept)
{
    struct list taken = {0};

    for (struct list *link; (link = list_pop(kept)) != NULL;)
        list_append(&taken, link);
    for (struct list *link; (link = list_pop(&taken)) != NULL;)
        dispatch_kept(server, LIST_ENTRY(link, struct conn, backlog));
}

void server_end_turn(struct server *server, int64_t decided_ms)
{
    go_on_with(server, &server->conns.backlog);
    ask_disk(server);
    if (server->is_stopping)
        return;
    if (core_next_deadline(server->core) <= decided_ms) {
        struct event event = {.type = EVENT_TICK, .until_ms = decided_ms};
        step(server, &event, NULL);
        step_settle(server);
    }
    attach_expire(server, decided_ms);
    answer_expire(server, decided_ms);
    conns_cut_stalled(&server->conns, decided_ms);
}

int64_t server_next_deadline(const struct server *server)
{
    int64_t core = core_next_deadline(server->core);
    int64_t session = timers_next(&server->sessions.timers);
    int64_t answer = timers_next(&server->answers);
    int64_t stall = timers_next(&server->conns.stalls);
    int64_t first = core < session ? core : session;

    if (server->is_stopping)
        return INT64_MAX;
    first = first < answer ? first : answer;
    return first < stall ? first : stall;
}

const struct store_batch *server_next_batch(struct server *server)
{
    if (server->is_committing)
        return NULL;
    if (!pipeline_is_in_flight(&server->pipeline)) {
        if (!pipeline_is_gathering(&server->pipeline))
            return NULL;
        pipeline_take(&server->pipeline, server->now_ms);
        conns_mark_gates(&server->conns);
    }
    server->is_committing = true;
    return pipeline_commit(&server->pipeline);
}

bool server_on_commit(struct server *server)
{
    assert(server->is_committing);
    server->is_committing = false;
    server->counters.commits++;
    server->counters.records += pipeline_commit(&server->pipeline)->n_ops;
    if (!pipeline_on_commit(&server->pipeline))
        return false;
    conns_open_gates(&server->conns, !pipeline_is_gathering(&server->pipeline));
    go_on_with(server, &server->conns.blocked);
    return true;
}

void server_set_away(struct server *server, uint64_t away_ms)
{
    server->away_ms = away_ms;
}

bool server_is_away(const struct server *server)
{
    return server->away_ms >= SERVER_AWAY_MS;
}

uint64_t server_commit_age(const struct server *server)
{
    uint64_t age = (uint64_t)(server->now_ms - server->pipeline.since_ms);

    if (!pipeline_is_in_flight(&server->pipeline))
        return 0;
    return age > server->away_ms ? age : server->away_ms; /* the clock stands still meanwhile */
}

void server_begin_stop(struct server *server)
{
    server->is_stopping = true;
}

bool server_is_idle(const struct server *server)
{
    return !server->is_committing && !pipeline_is_in_flight(&server->pipeline) &&
           !pipeline_is_gathering(&server->pipeline);
}

bool server_has_backlog(const struct server *server)
{
    return !list_is_empty(&server->conns.backlog);
}

uint64_t server_seq(const struct server *server)
{
    struct core_stats stats;
    core_stats(server->core, &stats);
    return stats.seq;
}

/* --- connections ----------------------------------------------------------------------------- */

struct buf *server_out(struct server *server, struct conn *conn)
{
    if (pipeline_is_gathering(&server->pipeline) || pipeline_is_in_flight(&server->pipeline))
        return conn_out_gated(&server->conns, conn);
    return conn_out_ready(&server->conns, conn);
}

bool server_has_room(const struct server *server)
{
    return server->conns.n < server->config.limits.connections && !server->is_stopping;
}

struct conn *server_on_connect(struct server *server, const struct peer *peer, void *io)
{
    server->counters.connections++;
    return conn_create(&server->conns, peer, io);
}

void server_on_input(struct server *server, struct conn *conn, const char *bytes, size_t n)
{
    dispatch_input(server, conn, bytes, n);
}

void server_on_close(struct server *server, struct conn *conn)
{
    if (conn->is_cut)
        server->counters.connections_cut++;
    attach_drop(server, conn);
    conn_destroy(&server->conns, conn);
}

struct conn *server_next_output(struct server *server)
{
    struct list *link = list_pop(&server->conns.outputs);
    struct conn *conn;

    if (link == NULL)
        return NULL;
    conn = LIST_ENTRY(link, struct conn, outputs);
    conn_count(&server->conns, conn); /* what others made for it counts too */
    return conn;
}

void server_on_written(struct server *server, struct conn *conn, size_t n)
{
    buf_consume(&conn->ready, n);
    conn_on_read(&server->conns, conn, server->now_ms);
    conn_count(&server->conns, conn);
    tell_pump(server, conn);
    feed_pump(server, conn);
}
