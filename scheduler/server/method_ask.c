/*
 * verify, status, list: questions. They change nothing, and their answers wait behind the
 * gate as all others do: what they tell must be durable.
 */
#include "server/method.h"
#include "server/view.h"
#include "wire/reply.h"

#define LIST_LOOKED_MAX 10000 /* operations that one list looks at */
#define KEYS_A_LOOK     16    /* of a record, until those of both modes are found */

static void put_seq(struct buf *out, uint64_t seq)
{
    put_name(out, "seq");
    put_uint(out, seq);
}

void method_verify(struct server *server, struct conn *conn, const struct request *request)
{
    struct op *op = method_find(server, conn, request);
    bool held, expires;
    struct buf *out;

    if (op == NULL)
        return;
    held = op->state == OP_GRANTED && op->token == request->token;
    expires = held && op->deadline_ms != CORE_FOREVER;
    out = method_reply(server, conn, request);
    put_map(out, expires ? 3 : 2);
    put_name(out, "held");
    put_bool(out, held);
    put_seq(out, server_seq(server));
    if (!expires)
        return;
    put_name(out, "expires_in");
    put_uint(out,
             op->deadline_ms > server->now_ms ? (uint64_t)(op->deadline_ms - server->now_ms) : 0);
}

static void put_one(struct server *server, const struct conn *conn, struct buf *out,
                    const struct op *op, struct slice after_key)
{
    struct viewer viewer = method_viewer(server, conn);

    server->looked += (op->n_keys + op->n_shared) / KEYS_A_LOOK;
    put_record(out, &viewer, op, after_key);
}

void method_status(struct server *server, struct conn *conn, const struct request *request)
{
    struct op *op = method_find(server, conn, request);
    bool pages = (request->given & 1u << FIELD_AFTER_KEY) != 0;

    if (op == NULL)
        return;
    put_one(server, conn, method_reply(server, conn, request), op,
            pages ? request->after_key : (struct slice){0});
}

static bool is_listed(const struct server *server, const struct conn *conn,
                      const struct request *request, const struct op *op)
{
    uint64_t me = conn->session->id;

    return (request->states & 1u << op->state) != 0 &&
           slice_equal(core_namespace_name(op->ns), conn->session->ns) &&
           (request->who.at == NULL || slice_equal(op->who, request->who)) &&
           (!request->mine || op->session == me || op->claimed_by == me) &&
           ((request->given & 1u << FIELD_CLAIMED) == 0 ||
            (op->claimed_by != 0) == request->claimed) &&
           ((request->given & 1u << FIELD_KEY) == 0 ||
            core_op_touches(server->core, op, request->key));
}

void method_list(struct server *server, struct conn *conn, const struct request *request)
{
    struct buf *records = &server->scratch, *out;
    size_t bytes_max = method_answer_max(server);
    uint32_t n = 0, looked = 0;
    uint64_t after = request->after;
    struct op *op;

    while ((op = core_next_by_ticket(server->core, after)) != NULL && n < request->limit &&
           looked++ < LIST_LOOKED_MAX && buf_size(records) < bytes_max) {
        after = op->ticket;
        if (!is_listed(server, conn, request, op))
            continue;
        put_one(server, conn, records, op, (struct slice){0});
        n++;
    }
    server->looked += looked;
    out = method_reply(server, conn, request);
    put_map(out, op != NULL ? 3 : 2);
    put_name(out, "ops");
    put_array(out, n);
    buf_append(out, buf_data(records), buf_size(records));
    buf_consume(records, buf_size(records));
    put_seq(out, server_seq(server));
    if (op == NULL)
        return;
    put_name(out, "next");
    put_uint(out, after);
}
