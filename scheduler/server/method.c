#include "server/method.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "server/step.h"
#include "server/view.h"
#include "wire/reply.h"

#define ANSWER_BYTES_MAX   (4 * MIB)
#define ANSWER_BYTES_LEAST (512 * KIB) /* half of the least limit that can be set */

struct buf *method_reply(struct server *server, struct conn *conn, const struct request *request)
{
    struct buf *out = server_out(server, conn);
    reply_begin(out, request->id);
    return out;
}

void method_fail(struct server *server, struct conn *conn, const struct request *request,
                 enum lockq_status status, const char *format, ...)
{
    char sentence[WIRE_SENTENCE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    server->counters.errors++;
    reply_error(server_out(server, conn), request->id, status, sentence);
}

void method_fail_step(struct server *server, struct conn *conn, const struct request *request,
                      const struct outcome *outcome)
{
    enum lockq_status status = outcome->status;
    const struct op *op = outcome->op;

    if (status == LOCKQ_OVER_LIMIT)
        method_fail(server, conn, request, status, "%s is limited to %" PRIu64, outcome->limit,
                    outcome->limit_value);
    else if ((status == LOCKQ_NOT_WAITING || status == LOCKQ_NOT_GRANTED) && op != NULL)
        method_fail(server, conn, request, status, "the %s %s%s",
                    request->parent.at != NULL ? "parent" : "operation",
                    op->state == OP_ENDED ? "ended as " : "is ",
                    op->state == OP_ENDED ? op_end_names[op->end] : op_state_names[op->state]);
    else
        method_fail(server, conn, request, status, "%s", wire_status_sentences[status]);
}

struct event method_event(const struct conn *conn, const struct request *request,
                          enum event_type type)
{
    return (struct event){.type = type,
                          .ns = conn->session->ns,
                          .session = conn->session->id,
                          .op = request->op,
                          .token = request->token};
}

struct core_key *method_keys(struct server *server, const struct request *request)
{
    if (request->n_keys > server->keys_cap) {
        server->keys_cap = request->n_keys;
        server->keys = memory_resize(server->keys, server->keys_cap * sizeof *server->keys);
    }
    for (uint32_t i = 0; i < request->n_keys; i++)
        server->keys[i] =
            (struct core_key){request->keys[i].path, request->keys[i].shared ? MODE_S : MODE_X};
    return server->keys;
}

struct op *method_find(struct server *server, struct conn *conn, const struct request *request)
{
    struct op *op = core_find(server->core, conn->session->ns, request->op);

    if (op == NULL)
        method_fail(server, conn, request, LOCKQ_NOT_FOUND, "%s",
                    wire_status_sentences[LOCKQ_NOT_FOUND]);
    return op;
}

struct viewer method_viewer(const struct server *server, const struct conn *conn)
{
    return (struct viewer){server->core, conn->session, server->now_ms, 0};
}

size_t method_answer_max(const struct server *server)
{
    size_t half = server->config.limits.message / 2; /* one more part may follow */

    if (half > ANSWER_BYTES_MAX)
        return ANSWER_BYTES_MAX;
    return half > ANSWER_BYTES_LEAST ? half : ANSWER_BYTES_LEAST;
}

void method_step_and_view(struct server *server, struct conn *conn, const struct request *request,
                          struct event *event, bool content)
{
    const struct outcome *outcome = step(server, event, conn->session);

    if (outcome->status != LOCKQ_OK) {
        method_fail_step(server, conn, request, outcome);
    } else {
        struct viewer viewer = method_viewer(server, conn);
        viewer.token = event->token;
        put_view(method_reply(server, conn, request), &viewer, outcome->op, content);
    }
    step_settle(server);
}
