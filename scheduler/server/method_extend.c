/*
 * extend: more keys for an operation that is granted, at once or not at all.
 */
#include "server/method.h"
#include "server/step.h"
#include "server/view.h"
#include "wire/reply.h"

void method_extend(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_event(conn, request, EVENT_EXTEND);
    struct core_key *keys = method_keys(server, request);
    struct viewer viewer = method_viewer(server, conn);
    const struct outcome *outcome;

    viewer.token = request->token;
    event.keys = keys;
    event.n_keys = core_normalise(keys, request->n_keys);
    outcome = step(server, &event, conn->session);
    if (outcome->status != LOCKQ_OK)
        method_fail_step(server, conn, request, outcome);
    else if (outcome->refused)
        put_extension_refused(method_reply(server, conn, request), &viewer, outcome);
    else
        put_view(method_reply(server, conn, request), &viewer, outcome->op, false);
    step_settle(server);
}
