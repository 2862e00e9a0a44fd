/*
 * submit, acquire, wait: into the line, and until the turn has come.
 */
#include <inttypes.h>

#include "server/answer.h"
#include "server/method.h"
#include "server/step.h"
#include "server/view.h"
#include "wire/reply.h"

/* Why no new operation is taken now; NULL: it is. One that is known goes on, and a daemon that
 * drains lets those who run submit children. */
static const char *closed_to_new(struct server *server, const struct conn *conn,
                                 const struct request *request, enum lockq_status *status)
{
    bool drains = server->is_draining && request->parent.at == NULL;

    if (!server->is_stopping && !server->is_low_on_disk && !drains)
        return NULL;
    if (request->op.n > 0 && core_find(server->core, conn->session->ns, request->op) != NULL)
        return NULL;
    *status = server->is_stopping || drains ? LOCKQ_GOING_AWAY : LOCKQ_UNAVAILABLE;
    return server->is_stopping ? "the daemon is stopping"
           : drains            ? "the daemon is draining: it takes no new operations"
                               : "the store is nearly full";
}

struct event method_submit_event(struct server *server, const struct conn *conn,
                                 const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_SUBMIT);
    struct core_key *keys = method_keys(server, request);

    event.keys = keys;
    event.n_keys = core_normalise(keys, request->n_keys);
    event.detached = request->detached;
    event.wait_ms = request->wait_ms;
    event.lease_ms = request->detached ? request->lease_ms : CORE_FOREVER;
    event.claim_in_ms = request->claim_in_ms;
    event.who = request->who.at != NULL ? request->who : conn->session->peer;
    event.why = request->why.at != NULL ? request->why : SLICE("");
    event.meta = request->meta;
    event.payload = request->payload;
    event.parent = request->parent;
    event.parent_token = request->parent_token;
    event.max_hold_ms = request->max_hold_ms;
    event.passes = request->passes;
    event.unchanged_since = request->unchanged_since;
    if (request_has(request, FIELD_UNCHANGED_SINCE))
        event.on_change = request->on_change_tells ? CHANGE_TOLD : CHANGE_ENDS;
    return event;
}

static const struct outcome *submit(struct server *server, struct conn *conn,
                                    const struct request *request)
{
    struct event event = method_submit_event(server, conn, request);
    return step(server, &event, conn->session);
}

/* Submits, and answers what is not an operation: an error, or why there is none. NULL then. */
static struct op *submit_or_answer(struct server *server, struct conn *conn,
                                   const struct request *request)
{
    enum lockq_status status = LOCKQ_OK;
    const char *closed = closed_to_new(server, conn, request, &status);
    const struct outcome *outcome;

    if (closed != NULL) {
        method_fail(server, conn, request, status, "%s", closed);
        return NULL;
    }
    outcome = submit(server, conn, request);
    if (outcome->status != LOCKQ_OK)
        method_fail_step(server, conn, request, outcome);
    else if (outcome->op == NULL)
        put_left_out(method_reply(server, conn, request), request->op, outcome, server_seq(server));
    else
        return outcome->op;
    step_settle(server);
    return NULL;
}

static void answer_with_view(struct server *server, struct conn *conn,
                             const struct request *request, const struct op *op, bool content)
{
    struct viewer viewer = method_viewer(server, conn);
    put_view(method_reply(server, conn, request), &viewer, op, content);
}

void method_submit(struct server *server, struct conn *conn, const struct request *request)
{
    struct op *op = submit_or_answer(server, conn, request);

    if (op == NULL)
        return;
    answer_with_view(server, conn, request, op, false);
    step_settle(server);
}

static bool has_pending_room(struct server *server, struct conn *conn,
                             const struct request *request)
{
    if (conn->n_answers < server->config.limits.pending)
        return true;
    method_fail(server, conn, request, LOCKQ_OVER_LIMIT,
                "pending acquire and wait of a connection are limited to %" PRIu64,
                server->config.limits.pending);
    return false;
}

/* A detached operation that was granted belongs to the one that acquires it. */
static void claim_and_answer(struct server *server, struct conn *conn,
                             const struct request *request, struct op *op)
{
    struct event event = method_event(conn, request, EVENT_CLAIM);
    const struct outcome *outcome;

    event.op = op->id;
    outcome = step(server, &event, conn->session);
    if (outcome->status != LOCKQ_OK)
        method_fail_step(server, conn, request, outcome);
    else
        answer_with_view(server, conn, request, op, true);
}

void method_acquire(struct server *server, struct conn *conn, const struct request *request)
{
    struct op *op;

    if (!has_pending_room(server, conn, request))
        return;
    op = submit_or_answer(server, conn, request);
    if (op == NULL)
        return;
    if (op->state == OP_WAITING) {
        answer_add(server, conn, op, request->id, true, TIMERS_NEVER);
    } else if (op->state == OP_GRANTED && op->detached) {
        step_settle(server);
        claim_and_answer(server, conn, request, op);
    } else {
        answer_with_view(server, conn, request, op, true);
    }
    step_settle(server);
}

void method_wait(struct server *server, struct conn *conn, const struct request *request)
{
    struct op *op = method_find(server, conn, request);

    if (op == NULL)
        return;
    if (!op->detached && op->session != conn->session->id)
        method_fail(server, conn, request, LOCKQ_NOT_OWNER,
                    "the operation is tied to another session");
    else if (op->state != OP_WAITING || request->timeout_ms == 0)
        answer_with_view(server, conn, request, op, false);
    else if (has_pending_room(server, conn, request))
        answer_add(server, conn, op, request->id, false, request->timeout_ms);
}
