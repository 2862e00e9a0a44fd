/*
 * Sessions: the life lines of clients.
 *
 * A session belongs to one connection at a time, or lingers without one until its grace is over; a
 * client resumes it with its secret. What hangs on a session (operations tied to it) ends with it.
 * A session without hello has a grace of 0 and cannot be resumed.
 *
 *     connected --(connection drops)--> lingering --(grace over)--> ended
 *         ^------------(resume)-------------'
 *
 * It becomes durable with its first operation (the pipeline's work). One that lingers and owns
 * nothing is idle: it makes room when too many linger.
 */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include "base/list.h"
#include "base/slice.h"
#include "base/timers.h"

#define SESSION_SECRET_SIZE 32 /* hexadecimal digits */
#define SESSION_ID_MAX      ((1ULL << 53) - 1)

struct conn;

struct session {
    uint64_t id; /* 1 .. SESSION_ID_MAX, drawn by chance */
    uint64_t grace_ms;
    struct slice ns;   /* owned */
    struct slice peer; /* owned: who it is, as the socket told */
    char secret[SESSION_SECRET_SIZE];
    struct conn *conn;  /* NULL while it lingers */
    struct timer timer; /* armed while it lingers */

    struct list by_id; /* the table's */
    struct list all;
    struct list idle;  /* in the table's `idle` */
    struct list tells; /* operations that it is to be told of: op_tell.link */

    /* The pipeline's: */
    uint64_t row_hash; /* of its row as last handed to the store; 0: no row */
    struct list dirty; /* in the list of changed sessions */
};

#define SESSION_BUCKETS 16384 /* a power of two near connections + lingering */

struct sessions {
    struct list *buckets; /* SESSION_BUCKETS; by id */
    struct list all;
    struct list idle;     /* those of them that owned nothing when they began to, in that order */
    struct timers timers; /* of those that linger */
    uint64_t n, lingering;
};

void sessions_init(struct sessions *sessions);
/* Frees every session. */
void sessions_finish(struct sessions *sessions);

/* Adds one with this id (no other may have it), connected to nothing. Strings are copied. */
struct session *session_add(struct sessions *sessions, uint64_t id, struct slice ns,
                            struct slice peer, struct slice secret, uint64_t grace_ms);
void session_remove(struct sessions *sessions, struct session *session);
struct session *session_find(struct sessions *sessions, uint64_t id);

/* Whether the secret is that of the session; takes as long for every wrong one. */
bool session_has_secret(const struct session *session, struct slice secret);

void session_attach(struct sessions *sessions, struct session *session, struct conn *conn);
/* The connection is gone: the grace begins. `is_idle`: it owns nothing, and will not while it
 * lingers. */
void session_linger(struct sessions *sessions, struct session *session, int64_t now_ms,
                    bool is_idle);
/* The one that has been idle for longest, or NULL. It stays where it is. */
struct session *session_idle(struct sessions *sessions);
/* Takes out one whose grace was over at `now`, or NULL. */
struct session *session_pop_expired(struct sessions *sessions, int64_t now_ms);

#endif
