#include "server/conn.h"

#include <stdlib.h>

#include "base/memory.h"

struct conn *conn_create(struct conns *conns, const struct peer *peer, void *io)
{
    struct conn *conn = memory_alloc_zeroed(1, sizeof *conn);

    conn->io = io;
    conn->peer = *peer;
    conn->scanner.bytes_max = conns->limits->message;
    conn->scanner.depth_max = (uint32_t)conns->limits->nesting;
    list_append(&conns->all, &conn->all);
    conns->n++;
    return conn;
}

void conn_destroy(struct conns *conns, struct conn *conn)
{
    conns->n--;
    conns->bytes -= conn->counted;
    list_remove(&conn->all);
    list_remove(&conn->outputs);
    list_remove(&conn->gate);
    list_remove(&conn->backlog);
    timers_disarm(&conns->stalls, &conn->stall);
    buf_finish(&conn->in);
    buf_finish(&conn->ready);
    buf_finish(&conn->gated);
    free(conn);
}

void conn_touch(struct conns *conns, struct conn *conn)
{
    if (!list_is_linked(&conn->outputs))
        list_append(&conns->outputs, &conn->outputs);
}

struct buf *conn_out_ready(struct conns *conns, struct conn *conn)
{
    conn_touch(conns, conn);
    return &conn->ready;
}

struct buf *conn_out_gated(struct conns *conns, struct conn *conn)
{
    if (!list_is_linked(&conn->gate))
        list_append(&conns->gate, &conn->gate);
    return &conn->gated;
}

void conn_put_off(struct conns *conns, struct conn *conn, struct list *until, int64_t now_ms)
{
    list_append(until, &conn->backlog);
    if (until == &conns->unread)
        timers_arm(&conns->stalls, &conn->stall, now_ms + CONN_STALL_MS);
    conn_touch(conns, conn); /* it is to be read from no more */
}

void conn_on_read(struct conns *conns, struct conn *conn, int64_t now_ms)
{
    if (conn->stall.place == 0)
        return;
    if (conn_is_full(conns, conn)) {
        timers_arm(&conns->stalls, &conn->stall, now_ms + CONN_STALL_MS);
        return;
    }
    timers_disarm(&conns->stalls, &conn->stall);
    list_remove(&conn->backlog);
    list_append(&conns->backlog, &conn->backlog);
}

void conns_cut_stalled(struct conns *conns, int64_t now_ms)
{
    for (struct timer *timer; (timer = timers_pop(&conns->stalls, now_ms)) != NULL;)
        conn_cut(conns, LIST_ENTRY(timer, struct conn, stall));
}

void conns_mark_gates(struct conns *conns)
{
    LIST_EACH (&conns->gate, link) {
        struct conn *conn = LIST_ENTRY(link, struct conn, gate);
        conn->mark = buf_size(&conn->gated);
    }
}

/* Moves n bytes through the gate. When that is all, the buffers change places. */
static void let_through(struct conn *conn, size_t n)
{
    if (n == buf_size(&conn->gated) && buf_size(&conn->ready) == 0) {
        struct buf empty = conn->ready;
        conn->ready = conn->gated;
        conn->gated = empty;
        return;
    }
    buf_append(&conn->ready, buf_data(&conn->gated), n);
    buf_consume(&conn->gated, n);
}

void conns_open_gates(struct conns *conns, bool all)
{
    LIST_EACH (&conns->gate, link) {
        struct conn *conn = LIST_ENTRY(link, struct conn, gate);
        size_t n = all ? buf_size(&conn->gated) : conn->mark;

        conn->mark = 0;
        if (n > 0) {
            let_through(conn, n);
            conn_touch(conns, conn);
        }
        if (buf_size(&conn->gated) == 0)
            list_remove(&conn->gate);
    }
}

void conn_cut(struct conns *conns, struct conn *conn)
{
    conn->is_cut = true;
    /* Its bytes are counted no more, so they go now and not when it is closed: a thousand may be
     * cut in one turn. Its input may just be being carried out. */
    buf_finish(&conn->ready);
    buf_finish(&conn->gated);
    conn->mark = 0;
    list_remove(&conn->gate);
    conns->bytes -= conn->counted; /* or the next largest would be cut for its bytes */
    conn->counted = 0;
    list_remove(&conn->backlog);
    timers_disarm(&conns->stalls, &conn->stall);
    conn_touch(conns, conn);
}

static struct conn *largest(const struct conns *conns)
{
    struct conn *found = NULL;

    LIST_EACH (&conns->all, link) {
        struct conn *conn = LIST_ENTRY(link, struct conn, all);
        if (!conn->is_cut && (found == NULL || conn->counted > found->counted))
            found = conn;
    }
    return found;
}

void conn_count(struct conns *conns, struct conn *conn)
{
    size_t held = conn->is_cut ? 0 : buf_size(&conn->in) + conn_unsent(conn);
    struct conn *victim;

    conns->bytes += held - conn->counted;
    conn->counted = held;
    while (conns->bytes > conns->limits->buffers && (victim = largest(conns)) != NULL) {
        conn_cut(conns, victim);
        buf_finish(&victim->in);
    }
}

void *conn_io(const struct conn *conn)
{
    return conn->io;
}

struct slice conn_output(const struct conn *conn)
{
    return (struct slice){conn->ready.at == NULL ? NULL : buf_data(&conn->ready),
                          (uint32_t)buf_size(&conn->ready)};
}

bool conn_is_closing(const struct conn *conn)
{
    return conn->is_closing && buf_size(&conn->gated) == 0;
}

bool conn_is_cut(const struct conn *conn)
{
    return conn->is_cut;
}

bool conn_wants_input(const struct conn *conn)
{
    return !conn->is_cut && !conn->is_closing && !list_is_linked(&conn->backlog) &&
           buf_size(&conn->gated) <= CONN_QUANTUM;
}
