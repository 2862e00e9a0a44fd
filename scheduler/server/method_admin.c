/*
 * kill, drain: for those who look after the daemon.
 */
#include "server/method.h"
#include "server/step.h"
#include "server/view.h"
#include "wire/reply.h"

static bool is_admin(const struct server *server, const struct conn *conn)
{
    const struct server_config *config = &server->config;
    bool listed = false;

    for (uint32_t i = 0; i < config->admins; i++)
        listed = listed || config->admin[i] == conn->peer.uid;
    return conn->peer.is_local && (conn->peer.uid == 0 || conn->peer.uid == config->uid || listed);
}

/* Answers `denied` if not. */
static bool may(struct server *server, struct conn *conn, const struct request *request)
{
    if (is_admin(server, conn))
        return true;
    method_fail(server, conn, request, LOCKQ_DENIED,
                "only an admin on the unix socket may do this");
    return false;
}

void method_kill(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_KILL);

    if (!may(server, conn, request))
        return;
    event.reason = request->why;
    method_step_and_view(server, conn, request, &event, false);
}

void method_drain(struct server *server, struct conn *conn, const struct request *request)
{
    struct core_stats stats;
    struct buf *out;

    if (!may(server, conn, request))
        return;
    server->is_draining = request->on;
    core_stats(server->core, &stats);
    out = method_reply(server, conn, request);
    put_map(out, 3);
    put_name(out, "draining");
    put_bool(out, server->is_draining);
    put_name(out, "live");
    put_uint(out, stats.waiting + stats.granted);
    put_name(out, "seq");
    put_uint(out, stats.seq);
}
