#include "server/tell.h"

#include "server/view.h"
#include "wire/reply.h"

static struct op *op_of(struct op_tell *entry)
{
    return LIST_ENTRY(entry - entry->role, struct op, driver.tell);
}

static void push(struct server *server, struct conn *conn, const struct op *op, const char *method)
{
    struct viewer viewer = {server->core, conn->session, server->now_ms, 0};
    struct buf *out = server_out(server, conn);

    notification_begin(out, method);
    put_view(out, &viewer, op, false);
}

static void push_grant(struct server *server, struct conn *conn, const struct op *op, uint8_t what)
{
    if (what & TELL_GRANTED)
        push(server, conn, op, "granted");
    if (what & TELL_CONTENDED) {
        struct buf *out = server_out(server, conn);
        notification_begin(out, "contended");
        put_map(out, 1);
        put_name(out, "op");
        put_text(out, op->id);
    }
}

void tell_pump(struct server *server, struct conn *conn)
{
    struct session *session = conn->session;

    if (session == NULL || conn->is_closing || conn->is_cut)
        return;
    while (conn_unsent(conn) < CONN_QUANTUM) {
        struct list *link = list_pop(&session->tells);
        struct op_tell *entry;
        struct op *op;
        if (link == NULL)
            return;
        entry = LIST_ENTRY(link, struct op_tell, link);
        op = op_of(entry);
        if (entry->what & TELL_ENDED)
            push(server, conn, op, "ended");
        else if (op->state == OP_GRANTED)
            push_grant(server, conn, op, entry->what);
        entry->what = 0;
    }
}

void tell(struct server *server, struct op *op, enum role role, enum tell what)
{
    uint64_t id = role == ROLE_SUBMITTER ? op->session : op->claimed_by;
    struct op_tell *entry = &op->driver.tell[role];
    struct session *session = id == 0 ? NULL : session_find(&server->sessions, id);

    if (session == NULL || session->conn == NULL)
        return;
    entry->role = (uint8_t)role;
    entry->what |= (uint8_t)what;
    if (!list_is_linked(&entry->link))
        list_append(&session->tells, &entry->link);
    tell_pump(server, session->conn);
}

void tell_contended(struct server *server, struct op *op)
{
    uint64_t id = op->detached ? op->claimed_by : op->session;
    const struct session *session = id == 0 ? NULL : session_find(&server->sessions, id);

    if (op->driver.told_contended || session == NULL || session->conn == NULL ||
        (session->conn->subscribed & SUBSCRIBED_CONTENDED) == 0)
        return;
    op->driver.told_contended = true;
    tell(server, op, op->detached ? ROLE_CLAIMER : ROLE_SUBMITTER, TELL_CONTENDED);
}

void tell_forget_op(struct op *op)
{
    for (int role = ROLE_SUBMITTER; role <= ROLE_CLAIMER; role++) {
        list_remove(&op->driver.tell[role].link);
        op->driver.tell[role].what = 0;
    }
}

void tell_forget_session(struct session *session)
{
    for (struct list *link; (link = list_pop(&session->tells)) != NULL;)
        LIST_ENTRY(link, struct op_tell, link)->what = 0;
}
