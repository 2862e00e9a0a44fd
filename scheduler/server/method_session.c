/*
 * hello, ping, stats: about the connection and the daemon.
 */
#include <inttypes.h>
#include <stdio.h>

#include "server/answer.h"
#include "server/attach.h"
#include "server/method.h"
#include "server/tell.h"
#include "server/view.h"
#include "wire/reply.h"

#define PROTOCOL_VERSION 1
#define GRACE_USUAL_MS   10000

static void put_limits(struct buf *out, const struct server_limits *limits)
{
    struct put_open_map map = put_map_begin(out);
#define PUT_LIMIT(name, usual, least, most)                                                        \
    put_name(out, #name);                                                                          \
    put_uint(out, limits->name);                                                                   \
    map.pairs++;
    SERVER_LIMIT_LIST(PUT_LIMIT)
#undef PUT_LIMIT
    put_map_end(out, &map);
}

static void put_hello(struct server *server, struct buf *out, const struct session *session,
                      uint64_t seq)
{
    char name[64];

    snprintf(name, sizeof name, "lockqd %s", server->config.version);
    put_map(out, 11);
    put_name(out, "protocol");
    put_uint(out, PROTOCOL_VERSION);
    put_name(out, "server");
    put_name(out, name);
    put_name(out, "features");
    put_array(out, 0);
    put_name(out, "namespace");
    put_text(out, session->ns);
    put_name(out, "session");
    put_uint(out, session->id);
    put_name(out, "secret");
    put_text(out, (struct slice){session->secret, SESSION_SECRET_SIZE});
    put_name(out, "grace");
    put_uint(out, session->grace_ms);
    put_name(out, "backend");
    put_name(out, server->config.store->is->backend);
    put_name(out, "epoch");
    put_uint(out, server->pipeline.durable.epoch);
    put_name(out, "limits");
    put_limits(out, &server->config.limits);
    put_name(out, "seq");
    put_uint(out, seq);
}

/* The session that the request resumes; NULL: an error was answered. */
static struct session *resume(struct server *server, struct conn *conn,
                              const struct request *request)
{
    struct session *session = session_find(&server->sessions, request->session);

    if (session == NULL || !session_has_secret(session, request->secret)) {
        method_fail(server, conn, request, LOCKQ_NO_SESSION, "%s",
                    wire_status_sentences[LOCKQ_NO_SESSION]);
        return NULL;
    }
    if ((request->given & 1u << FIELD_NAMESPACE) != 0 && !slice_equal(request->ns, session->ns)) {
        method_fail(server, conn, request, LOCKQ_BAD_REQUEST,
                    "field 'namespace' is not that of the session");
        return NULL;
    }
    attach_resumed(server, session, conn);
    if (request->grace_ms >= 0 && session->grace_ms != (uint64_t)request->grace_ms) {
        session->grace_ms = (uint64_t)request->grace_ms;
        if (session->row_hash != 0)
            pipeline_session_changed(&server->pipeline, session);
    }
    return session;
}

static uint64_t usual_grace(const struct server_limits *limits)
{
    return limits->grace < GRACE_USUAL_MS ? limits->grace : GRACE_USUAL_MS;
}

void method_hello(struct server *server, struct conn *conn, const struct request *request)
{
    struct session *session;

    if (conn->session != NULL) {
        method_fail(server, conn, request, LOCKQ_BAD_REQUEST,
                    "hello must be the first request of a connection");
        return;
    }
    if ((request->given & 1u << FIELD_RESUME) != 0) {
        session = resume(server, conn, request);
    } else if (server->sessions.lingering >= server->config.limits.lingering &&
               !attach_make_room(server)) {
        method_fail(server, conn, request, LOCKQ_OVER_LIMIT, "lingering is limited to %" PRIu64,
                    server->config.limits.lingering);
        session = NULL;
    } else {
        session = attach_new(server, conn, request->ns.n > 0 ? request->ns : SLICE("default"),
                             request->grace_ms >= 0 ? (uint64_t)request->grace_ms
                                                    : usual_grace(&server->config.limits));
    }
    if (session == NULL)
        return;
    if (server_is_away(server) && (request->given & 1u << FIELD_RESUME) == 0) {
        /* A new session depends on nothing: who comes now can ask for stats. */
        struct buf *out = conn_out_ready(&server->conns, conn);
        reply_begin(out, request->id);
        put_hello(server, out, session, server->pipeline.durable.seq);
    } else {
        put_hello(server, method_reply(server, conn, request), session, server_seq(server));
    }
}

/* Answered at once, before everything that waits for a commit. */
void method_ping(struct server *server, struct conn *conn, const struct request *request)
{
    struct buf *out = conn_out_ready(&server->conns, conn);
    bool in_flight = pipeline_is_in_flight(&server->pipeline);

    reply_begin(out, request->id);
    put_map(out, in_flight ? 2 : 1);
    put_name(out, "seq");
    put_uint(out, server->pipeline.durable.seq);
    if (!in_flight)
        return;
    put_name(out, "commit_age");
    put_uint(out, server_commit_age(server));
}

static void put_stat(struct buf *out, struct put_open_map *map, const char *name, uint64_t value)
{
    put_name(out, name);
    put_uint(out, value);
    map->pairs++;
}

static void put_core_stats(struct buf *out, struct put_open_map *map,
                           const struct core_stats *stats)
{
    put_stat(out, map, "epoch", stats->epoch);
    put_stat(out, map, "ticket", stats->ticket);
    put_stat(out, map, "waiting", stats->waiting);
    put_stat(out, map, "granted", stats->granted);
    put_stat(out, map, "remembered", stats->remembered);
    put_stat(out, map, "live_claims", stats->claims);
    put_stat(out, map, "live_keys", stats->keys);
    put_stat(out, map, "live_bytes", stats->live_bytes);
    put_stat(out, map, "namespaces", stats->namespaces);
    put_stat(out, map, "submitted_total", stats->submitted);
    put_stat(out, map, "granted_total", stats->grants);
    for (int end = END_NONE + 1; end <= END_REFUSED; end++) {
        char name[32];
        snprintf(name, sizeof name, "%s_total", op_end_names[end]);
        put_stat(out, map, name, stats->ended[end]);
    }
}

/* Live operations of each namespace, as namespace.NAME. */
static void put_namespaces(struct server *server, struct buf *out, struct put_open_map *map)
{
    static const struct slice prefix = SLICE("namespace.");
    const struct core_namespace *ns = NULL;
    struct buf *text = &server->scratch;

    while ((ns = core_next_namespace(server->core, ns)) != NULL) {
        struct slice name = core_namespace_name(ns);
        buf_append(text, prefix.at, prefix.n);
        buf_append(text, name.at, name.n);
        put_text(out, (struct slice){buf_data(text), (uint32_t)buf_size(text)});
        buf_consume(text, buf_size(text));
        put_uint(out, core_namespace_live(ns));
        map->pairs++;
    }
}

/* 0 says that no commit is under way: one that has just begun is a millisecond old. */
static uint64_t age_to_tell(const struct server *server)
{
    uint64_t age = server_commit_age(server);

    return age == 0 && pipeline_is_in_flight(&server->pipeline) ? 1 : age;
}

void method_stats(struct server *server, struct conn *conn, const struct request *request)
{
    const struct server_counters *counters = &server->counters;
    struct buf *out = conn_out_ready(&server->conns, conn);
    struct core_stats stats;
    struct put_open_map map;

    core_stats(server->core, &stats);
    reply_begin(out, request->id);
    map = put_map_begin(out);
    put_stat(out, &map, "seq", server->pipeline.durable.seq);
    put_stat(out, &map, "commit_age", age_to_tell(server));
    put_name(out, "backend");
    put_name(out, server->config.store->is->backend);
    map.pairs++;
    put_core_stats(out, &map, &stats);
    put_stat(out, &map, "connections", server->conns.n);
    put_stat(out, &map, "sessions", server->sessions.n);
    put_stat(out, &map, "sessions_lingering", server->sessions.lingering);
    put_stat(out, &map, "buffer_bytes", server->conns.bytes);
    put_stat(out, &map, "connections_total", counters->connections);
    put_stat(out, &map, "connections_cut_total", counters->connections_cut);
    put_stat(out, &map, "sessions_lost_total", counters->sessions_lost);
    put_stat(out, &map, "requests_total", counters->requests);
    put_stat(out, &map, "errors_total", counters->errors);
    put_stat(out, &map, "notifications_dropped_total", counters->notifications_dropped);
    put_stat(out, &map, "commits_total", counters->commits);
    put_stat(out, &map, "records_total", counters->records);
    put_stat(out, &map, "draining", server->is_draining);
    put_namespaces(server, out, &map);
    put_map_end(out, &map);
}
