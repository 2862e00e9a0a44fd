/*
 * The libuv layer: the loop that drives the server over real sockets, a real clock and a
 * store. With link.h, door.h and committer.h the only part that knows libuv.
 *
 * Connections are descriptors under uv_poll (link.h), not uv_stream: so each turn makes one read
 * and one write for a connection, nothing is allocated for a message, and what the server has for a
 * peer is written from where it lies, when the peer can take it.
 *
 * A turn: the time before the poll is noted; the poll reads; after it what was read is carried out,
 * deadlines up to the noted time are decided (a renewal that had arrived by then has been carried
 * out), a commit is begun, and output is written. Timers only wake the loop: libuv runs them before
 * the poll.
 *
 * A commit that could begin may wait for more (gather.h). With 64 clients and one key, on two idle
 * cores, a commit then carries 62 requests, and 32 where it begins at once.
 */
#ifndef SERVER_IO_H
#define SERVER_IO_H

#include "server/listener.h"
#include "server/server.h"

struct io_config {
    struct server *server; /* recovered */
    struct store *store;
    bool commits_may_last;      /* long ones are made on a thread of the store's own */
    struct listener *listeners; /* open; closed when the loop ends */
    uint32_t n_listeners;
    void (*on_ready)(void *context);  /* it accepts, and takes signals */
    void (*on_hangup)(void *context); /* SIGHUP */
    /* The store is away, or (NULL) it is back. */
    void (*on_away)(void *context, const struct store_away *away);
    void *context;
};

enum io_end {
    IO_STOPPED, /* by TERM or INT, cleanly */
    IO_FAILED,  /* the loop could not be set up */
    IO_STORE    /* a commit failed: `why` says how; nothing depending on it was answered */
};

/* Milliseconds on the daemon's clock (io_clock.h) and Unix time. */
int64_t io_now_ms(void);
uint64_t io_wall_ms(void);

/* Runs until a signal or a failed commit. `why` has STORE_WHY_MAX bytes. */
enum io_end io_run(const struct io_config *config, char *why);

#endif
