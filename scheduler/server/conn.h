/*
 * Connections: bytes in, bytes out, and the gate between an answer and its durability.
 *
 * Output is written into one of two buffers. `ready` may leave. `gated` waits for a commit: its
 * first `mark` bytes for the one in flight, the rest for the next. So messages keep their order,
 * and nothing leaves too early.
 *
 * A connection that is over CONN_QUANTUM in one turn (what its requests looked at counts as bytes,
 * too) gets its further requests read in the next; one that has more than that behind the gate
 * waits for the commit. One with more than the limit `output` ready waits until its peer has read,
 * however many requests it sent ahead; one whose peer then takes nothing for CONN_STALL_MS is cut.
 * What comes unasked for (deferred answers) cuts it at that limit at once.
 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include "base/buf.h"
#include "base/list.h"
#include "base/timers.h"
#include "server/server.h"
#include "wire/scan.h"

#define CONN_QUANTUM  ((size_t)1024 * 1024)
#define CONN_STALL_MS 5000

struct session;

struct conn {
    void *io; /* the driver's */
    struct peer peer;
    struct session *session; /* NULL before the first request, and after a resume elsewhere */
    struct scanner scanner;
    struct buf in; /* from the first byte of an unfinished or waiting message on */
    struct buf ready, gated;
    size_t mark;
    size_t counted;      /* its share of conns.bytes */
    struct list answers; /* deferred ones: answer.in_conn */
    uint32_t n_answers;
    bool is_closing, is_cut;
    uint8_t subscribed;     /* enum subscription */
    uint64_t heard;         /* news of the feed up to here */
    struct list subscriber; /* among those of the feed */
    struct timer stall;     /* armed while its requests wait for the peer to read */
    struct list all, outputs, gate, backlog; /* in the lists of `conns` */
};

struct conns {
    struct list all;
    struct list outputs; /* with something for the driver to do */
    struct list gate;    /* with gated bytes */
    struct list backlog; /* with requests that wait for the next turn */
    struct list blocked; /* with requests that wait for a commit; linked as backlog */
    struct list unread;  /* with requests that wait for the peer to read; linked as backlog */
    struct timers stalls;
    uint64_t n;
    uint64_t bytes; /* unfinished frames and unsent output, all together */
    const struct server_limits *limits;
};

struct conn *conn_create(struct conns *conns, const struct peer *peer, void *io);
void conn_destroy(struct conns *conns, struct conn *conn);

/* Where to write a message now. */
struct buf *conn_out_ready(struct conns *conns, struct conn *conn);
struct buf *conn_out_gated(struct conns *conns, struct conn *conn);

/* Bytes on their way out. */
static inline size_t conn_unsent(const struct conn *conn)
{
    return buf_size(&conn->ready) + buf_size(&conn->gated);
}

/* Whether more is ready than its peer may have unread: then no more requests are carried out. */
static inline bool conn_is_full(const struct conns *conns, const struct conn *conn)
{
    return buf_size(&conn->ready) > conns->limits->output;
}

/* Puts its further requests off: into one of the lists that link `backlog`. */
void conn_put_off(struct conns *conns, struct conn *conn, struct list *until, int64_t now_ms);
/* The peer has read something. */
void conn_on_read(struct conns *conns, struct conn *conn, int64_t now_ms);
/* Cuts those whose peers have read nothing for too long at `now`. */
void conns_cut_stalled(struct conns *conns, int64_t now_ms);

/* Everything that is gated now waits for the commit that is being taken. */
void conns_mark_gates(struct conns *conns);
/* That commit is durable; with `all` nothing else is to be waited for. */
void conns_open_gates(struct conns *conns, bool all);

/* The driver is to look at it: output, closing, or its wish to read. */
void conn_touch(struct conns *conns, struct conn *conn);
/* To be closed at once. */
void conn_cut(struct conns *conns, struct conn *conn);
/* Brings conns.bytes up to date; over the limit `buffers` the largest connection is cut. */
void conn_count(struct conns *conns, struct conn *conn);

#endif
