/*
 * claim, renew, release, cancel: what the owner of an operation does with it.
 */
#include "server/method.h"
#include "server/step.h"
#include "server/view.h"
#include "wire/reply.h"

void method_claim(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_CLAIM);
    event.tie = request->ties;
    method_step_and_view(server, conn, request, &event, true);
}

void method_release(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_RELEASE);
    struct core_key *keys = method_keys(server, request);

    event.keys = keys;
    event.n_keys = core_sort_keys(keys, request->n_keys);
    event.outcome = request->outcome;
    event.unchanged = request->unchanged;
    method_step_and_view(server, conn, request, &event, false);
}

void method_cancel(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_CANCEL);
    event.reason = request->why;
    method_step_and_view(server, conn, request, &event, false);
}

static void put_renewed(struct server *server, struct buf *out, const struct outcome *outcome)
{
    const struct op *op = outcome->op;
    bool expires = op->deadline_ms != CORE_FOREVER;

    put_map(out, expires ? 4 : 3);
    put_name(out, "op");
    put_text(out, op->id);
    put_name(out, "contended");
    put_bool(out, outcome->contended);
    put_name(out, "seq");
    put_uint(out, op->seq);
    if (!expires)
        return;
    put_name(out, "expires_in");
    put_uint(out,
             op->deadline_ms > server->now_ms ? (uint64_t)(op->deadline_ms - server->now_ms) : 0);
}

void method_renew(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_RENEW);
    const struct outcome *outcome;

    event.lease_ms = request->lease_ms;
    event.progress = request->progress;
    outcome = step(server, &event, conn->session);
    if (outcome->status == LOCKQ_BAD_REQUEST)
        method_fail(server, conn, request, outcome->status,
                    "field 'lease' is not for an operation that is tied to a session");
    else if (outcome->status != LOCKQ_OK)
        method_fail_step(server, conn, request, outcome);
    else
        put_renewed(server, method_reply(server, conn, request), outcome);
    step_settle(server);
}
