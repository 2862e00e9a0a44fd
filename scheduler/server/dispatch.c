#include "server/dispatch.h"

#include <inttypes.h>
#include <stdio.h>

#include "server/attach.h"
#include "server/method.h"
#include "wire/reply.h"

#define ID_OF_NO_REQUEST 4294967295u
#define LOOK_BYTES       64 /* of an answer: one operation looked at takes about as long */

static method_function *const methods[METHOD_COUNT] = {
    [METHOD_HELLO] = method_hello,     [METHOD_SUBMIT] = method_submit,
    [METHOD_ACQUIRE] = method_acquire, [METHOD_WAIT] = method_wait,
    [METHOD_CLAIM] = method_claim,     [METHOD_RENEW] = method_renew,
    [METHOD_RELEASE] = method_release, [METHOD_CANCEL] = method_cancel,
    [METHOD_VERIFY] = method_verify,   [METHOD_CHECK] = method_check,
    [METHOD_STATUS] = method_status,   [METHOD_LIST] = method_list,
    [METHOD_STATS] = method_stats,     [METHOD_PING] = method_ping,
    [METHOD_EXTEND] = method_extend,   [METHOD_EXPLAIN] = method_explain,
    [METHOD_PLAN] = method_plan,       [METHOD_SUBSCRIBE] = method_subscribe,
    [METHOD_KILL] = method_kill,       [METHOD_UNSUBSCRIBE] = method_unsubscribe,
    [METHOD_DRAIN] = method_drain,
};

/* One error that belongs to no request, and the end of the connection. */
static void fail_and_close(struct server *server, struct conn *conn, enum lockq_status status,
                           const char *sentence)
{
    server->counters.errors++;
    reply_error(server_out(server, conn), ID_OF_NO_REQUEST, status, sentence);
    conn->is_closing = true;
    conn_touch(&server->conns, conn);
}

static bool needs_store(enum wire_method method)
{
    return method != METHOD_PING && method != METHOD_STATS && method != METHOD_HELLO;
}

/* Past those that wait for the store. */
static void refuse_while_away(struct server *server, struct conn *conn,
                              const struct request *request)
{
    server->counters.errors++;
    reply_error(conn_out_ready(&server->conns, conn), request->id, LOCKQ_UNAVAILABLE,
                "the store is away; nothing was done");
}

static void carry_out(struct server *server, struct conn *conn, struct slice frame)
{
    struct request request;
    struct request_result result;

    request_parse(server->parser, frame, &request, &result);
    if (result.kind == REQUEST_NOTIFICATION) {
        server->counters.notifications_dropped++;
        return;
    }
    if (result.kind == REQUEST_BROKEN) {
        fail_and_close(server, conn, result.status, result.sentence);
        return;
    }
    server->counters.requests++;
    if (conn->session == NULL && request.method != METHOD_HELLO)
        attach_new(server, conn, SLICE("default"), 0);
    if (result.kind == REQUEST_ERROR)
        method_fail(server, conn, &request, result.status, "%s", result.sentence);
    else if (server_is_away(server) && needs_store(request.method))
        refuse_while_away(server, conn, &request);
    else
        methods[request.method](server, conn, &request);
}

static void on_scan_error(struct server *server, struct conn *conn, enum scan_result result)
{
    const struct server_limits *limits = &server->config.limits;
    char sentence[WIRE_SENTENCE_MAX];

    switch (result) {
    case SCAN_TOO_BIG:
        snprintf(sentence, sizeof sentence, "message is limited to %" PRIu64 " bytes",
                 limits->message);
        fail_and_close(server, conn, LOCKQ_OVER_LIMIT, sentence);
        break;
    case SCAN_TOO_DEEP:
        snprintf(sentence, sizeof sentence, "nesting is limited to %" PRIu64 " levels",
                 limits->nesting);
        fail_and_close(server, conn, LOCKQ_OVER_LIMIT, sentence);
        break;
    default:
        fail_and_close(server, conn, LOCKQ_PARSE, "broken MessagePack");
    }
}

/* Whether the connection may have another request carried out in this turn. When not, it is put
 * where it will be taken up again. What requests looked at counts as what they answer: a `list` of
 * 30 bytes that looks at 10,000 operations may show none. */
static bool may_go_on(struct server *server, struct conn *conn, size_t unsent_before)
{
    struct conns *conns = &server->conns;
    size_t spent = conn_unsent(conn) + server->looked * LOOK_BYTES;

    if (conn->is_closing || conn->is_cut)
        return false;
    if (buf_size(&conn->gated) > CONN_QUANTUM)
        conn_put_off(conns, conn, &conns->blocked, server->now_ms);
    else if (conn_is_full(conns, conn))
        conn_put_off(conns, conn, &conns->unread, server->now_ms);
    else if (spent > unsent_before + CONN_QUANTUM)
        conn_put_off(conns, conn, &conns->backlog, server->now_ms);
    else
        return true;
    return false;
}

/* Returns how many of the bytes belong to requests that were carried out. */
static size_t carry_out_all(struct server *server, struct conn *conn, const char *bytes, size_t n)
{
    size_t unsent_before = conn_unsent(conn), done = 0, n_frame;

    server->looked = 0;
    while (done < n && may_go_on(server, conn, unsent_before)) {
        enum scan_result result = scan(&conn->scanner, bytes + done, n - done, &n_frame);
        if (result == SCAN_MORE)
            break;
        if (result != SCAN_FRAME) {
            on_scan_error(server, conn, result);
            break;
        }
        carry_out(server, conn, (struct slice){bytes + done, (uint32_t)n_frame});
        done += n_frame;
    }
    return done;
}

void dispatch_kept(struct server *server, struct conn *conn)
{
    size_t done = carry_out_all(server, conn, buf_data(&conn->in), buf_size(&conn->in));

    buf_consume(&conn->in, conn->is_closing ? buf_size(&conn->in) : done);
    conn_count(&server->conns, conn);
    conn_touch(&server->conns, conn);
}

void dispatch_input(struct server *server, struct conn *conn, const char *bytes, size_t n)
{
    if (conn->is_closing || conn->is_cut)
        return;
    if (buf_size(&conn->in) == 0) {
        size_t done = carry_out_all(server, conn, bytes, n);
        if (!conn->is_closing)
            buf_append(&conn->in, bytes + done, n - done);
        conn_count(&server->conns, conn);
        return;
    }
    buf_append(&conn->in, bytes, n);
    if (list_is_linked(&conn->backlog))
        conn_count(&server->conns, conn);
    else
        dispatch_kept(server, conn);
}
