/*
 * Links: the descriptors of the connections, under libuv's poll.
 *
 * In a turn each is read once and written once, and the turn goes in phases: all that is readable
 * is read, then carried out, then all that may leave is sent. What the kernel does for one
 * connection it does for the next while its instructions are still in the cache: measured with 64
 * connections and a request of each, a tenth of what a request costs.
 *
 * The server is told nothing before the time is set anew: what a stopped process reads when it goes
 * on may have been sent long after it was stopped.
 */
#ifndef SERVER_LINK_H
#define SERVER_LINK_H

#include <uv.h>

#include "base/list.h"
#include "server/server.h"

struct links {
    uv_loop_t *loop;
    struct server *server;
    void (*set_time)(void *context); /* before the server is told anything */
    void (*on_leave)(void *context); /* one is closed: another may fit */
    void *context;
    struct list all;
    struct list read;    /* with input that is not carried out yet */
    struct list written; /* with output that was sent, and what is to be done next */
    char *input;         /* owned: what those of `read` have, one behind the other */
    size_t n_input;
};

/* The caller fills in the first part; afterwards every link is closed and the loop has run. */
void links_init(struct links *links);
void links_finish(struct links *links);

/* A new connection, which is read at once. The descriptor is owned; it is closed when libuv does
 * not take it. */
void links_add(struct links *links, int fd, const struct peer *peer);

/* Tells the server what was read since; returns from how many. */
uint32_t links_carry_out(struct links *links);

/* Sends what the server has for connections, and closes those that are to be closed. */
void links_write(struct links *links);

bool links_have_output(const struct links *links);

void links_close(struct links *links);

#endif
