#include "server/answer.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/view.h"
#include "wire/reply.h"

struct answer *answer_add(struct server *server, struct conn *conn, struct op *op, uint32_t id,
                          bool acquires, int64_t timeout_ms)
{
    struct answer *answer = memory_alloc_zeroed(1, sizeof *answer);

    answer->conn = conn;
    answer->op = op;
    answer->id = id;
    answer->acquires = acquires;
    list_append(&op->driver.answers, &answer->in_op);
    list_append(&conn->answers, &answer->in_conn);
    conn->n_answers++;
    if (timeout_ms < TIMERS_NEVER - server->now_ms)
        timers_arm(&server->answers, &answer->timer, server->now_ms + timeout_ms);
    return answer;
}

void answer_remove(struct server *server, struct answer *answer)
{
    timers_disarm(&server->answers, &answer->timer);
    list_remove(&answer->in_op);
    list_remove(&answer->in_conn);
    answer->conn->n_answers--;
    free(answer);
}

void answer_remove_all(struct server *server, struct conn *conn)
{
    for (struct list *link; (link = list_first(&conn->answers)) != NULL;)
        answer_remove(server, LIST_ENTRY(link, struct answer, in_conn));
}

void answer_send(struct server *server, struct answer *answer)
{
    struct conn *conn = answer->conn;
    struct viewer viewer = {server->core, conn->session, server->now_ms, 0};

    if (conn_unsent(conn) > server->config.limits.output)
        conn_cut(&server->conns, conn);
    if (!conn->is_cut) {
        struct buf *out = server_out(server, conn);
        reply_begin(out, answer->id);
        put_view(out, &viewer, answer->op, answer->acquires);
    }
    answer_remove(server, answer);
}

void answer_expire(struct server *server, int64_t now_ms)
{
    for (struct timer *timer; (timer = timers_pop(&server->answers, now_ms)) != NULL;)
        answer_send(server, LIST_ENTRY(timer, struct answer, timer));
}
