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

static void tell_outside(const struct server *server, const struct conn *conn, const char *act,
                         struct slice op, struct slice why)
{
    const struct server_outside *outside = &server->config.outside;

    if (outside->on_admin != NULL)
        outside->on_admin(outside->context, &conn->peer, act, op, why);
}

void method_kill(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_KILL);
    const struct op *op;

    if (!may(server, conn, request))
        return;
    event.reason = request->why;
    op = core_find(server->core, event.ns, event.op);
    if (op != NULL && op->state != OP_ENDED)
        tell_outside(server, conn, "killed", op->id, event.reason);
    method_step_and_view(server, conn, request, &event, false);
}

void method_drain(struct server *server, struct conn *conn, const struct request *request)
{
    struct core_stats stats;
    struct buf *out;

    if (!may(server, conn, request))
        return;
    if (server->is_draining != request->on)
        tell_outside(server, conn, request->on ? "draining" : "undrained", (struct slice){NULL, 0},
                     (struct slice){NULL, 0});
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
