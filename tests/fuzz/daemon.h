/*
 * A daemon for the fuzzers: the server with a live core, a store behind it that outlives it, and a
 * clock that the input moves.
 *
 * Its lines (connections) are heard by hear.h. After every step
 * that a driver of server.h takes, the core must be consistent; after every commit the rows must
 * be (daemon_rows.c); and what is recovered from the rows must be what was there (daemon_agree).
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "../simulation/fake_store.h"
#include "base/buf.h"
#include "fuzz.h"
#include "server/server.h"

#define DAEMON_LINES 4
#define LINE_ASKED   1024

/* A request that was sent whole. */
struct asked {
    uint32_t id;
    uint8_t method; /* enum wire_method */
    bool is_answered;
};

struct line {
    struct conn *conn; /* NULL: there is none */
    struct buf said;   /* on its way to the server */
    struct buf heard;  /* the beginning of a message */
    bool is_deaf;      /* reads nothing */
    bool is_raw; /* bytes were sent that need not be requests, or too many: what follows may be lost
                  */
    struct asked *asked; /* of this connection, in order */
    uint32_t n_asked;
};

struct daemon {
    struct fake_store store;
    struct server *server; /* NULL: it is not there */
    struct server_limits limits;
    uint32_t records_max;
    int64_t now_ms;
    uint64_t drawn; /* stands for chance */
    const struct store_batch *committing;
    struct line lines[DAEMON_LINES];
    uint32_t last_id;
};

void daemon_init(struct daemon *daemon);
void daemon_finish(struct daemon *daemon);

/* A server on the daemon's store, not recovered yet. */
struct server *daemon_create(struct daemon *daemon);

/* Recovers from what the store holds. False: refused as damaged, and it is not there. */
bool daemon_start(struct daemon *daemon);
/* It is gone, with all connections; the store is as it is. */
void daemon_die(struct daemon *daemon);

struct line *daemon_connect(struct daemon *daemon, uint32_t place, uint32_t uid, bool is_local);
void daemon_close(struct daemon *daemon, struct line *line);
/* The server reads up to n bytes of what was said, as far as it wants any. */
void daemon_read(struct daemon *daemon, struct line *line, size_t n);

/* The end of a turn: deadlines, a commit begins, what may leave leaves. */
void daemon_turn(struct daemon *daemon);
/* The commit in flight, if there is one, is durable. */
void daemon_commit(struct daemon *daemon);
/* Turns and commits until nothing is left to be done now. */
void daemon_rest(struct daemon *daemon);
/* When something is due by the clock; INT64_MAX: nothing is, or only when no clock will be there.
 */
int64_t daemon_next_deadline(const struct daemon *daemon);

/* Another daemon, started on what the store holds, has the same operations in the same places. Only
 * at rest, and when no deadline has passed undecided. */
void daemon_agree(struct daemon *daemon);

#endif
