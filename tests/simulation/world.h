/*
 * The world around the server: clients' connections as bytes on their way, a clock, a store that
 * is slow, and crashes. It is one of the two drivers of server.h.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/buf.h"
#include "fake_store.h"
#include "random.h"
#include "server/server.h"

/* One end of a connection: what the client sent and the server has not got, and back. */
struct link {
    struct conn *conn; /* NULL: not connected */
    struct buf to_server, to_client;
    bool deaf; /* the client does not read: nothing leaves the server */
};

struct world {
    struct chance *chance;
    struct fake_store store;
    struct server *server;
    const struct store_batch *committing;
    int64_t now_ms;
    struct link *links;
    int n_links;
    bool failed; /* the server did not come up, or a state hash was wrong */
    uint64_t crashes, commits;
};

void world_init(struct world *world, struct chance *chance, struct link *links, int n_links);
void world_finish(struct world *world);

void world_connect(struct world *world, struct link *link, int client);
void world_drop(struct world *world, struct link *link);

/* One thing happens: bytes move, a commit begins or ends, a turn passes. */
void world_step(struct world *world);
/* Time passes without anything else. */
void world_pass(struct world *world, int64_t ms);
/* Everything that is on its way arrives. */
void world_settle(struct world *world);
/* SIGKILL, and a new start. What was being committed is there or not. */
void world_crash(struct world *world);

#endif
