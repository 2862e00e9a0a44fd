/*
 * The server's state: its parts, each with a module of its own. Only files of this folder include
 * this; drivers see server.h.
 */
#ifndef SERVER_STATE_H
#define SERVER_STATE_H

#include "base/timers.h"
#include "core/core.h"
#include "server/conn.h"
#include "server/feed.h"
#include "server/pipeline.h"
#include "server/server.h"
#include "server/session.h"
#include "wire/request.h"

struct server_counters {
    uint64_t requests, errors, notifications_dropped, connections, connections_cut;
    uint64_t commits, records, sessions_lost;
};

struct server {
    struct server_config config;
    struct core *core;
    struct parser *parser;
    struct sessions sessions;
    struct pipeline pipeline;
    struct conns conns;
    struct timers answers; /* deadlines of deferred answers */
    struct list claims;    /* answers whose operation was granted and is to be claimed */

    int64_t now_ms;
    uint64_t wall_ms;
    struct feed feed; /* for subscribers */
    bool is_stopping;
    bool is_draining;   /* until told otherwise, or the end of the daemon */
    bool is_committing; /* the driver has a batch */
    bool is_low_on_disk;
    uint64_t away_ms; /* the store; 0: it is there */
    int64_t disk_asked_ms;

    /* What the last step touched, until it is settled. */
    struct outcome outcome;
    bool is_settled;
    const struct op *own_op;     /* whose news its own request tells */
    const struct session *owner; /* to this session */

    struct core_key *keys; /* of the request at hand */
    uint32_t keys_cap;
    struct buf scratch; /* for what is put together before it is put; empty between */
    uint64_t looked;    /* operations that the requests at hand looked at and may not have shown */
    struct server_counters counters;
};

/* Where the answer to a request goes: at once when all is durable, else behind the gate. */
struct buf *server_out(struct server *server, struct conn *conn);

uint64_t server_seq(const struct server *server);

/* Whether requests that need the store are refused. */
bool server_is_away(const struct server *server);

/* For how long the commit in flight has been under way; 0: there is none, or it has just begun. */
uint64_t server_commit_age(const struct server *server);

#endif
