/*
 * The feed: news for those who subscribed to all grants or ends of their namespace.
 *
 * A ring of (operation, what), written only while somebody subscribes; each subscriber has a place
 * in it, and gets the views made when its connection has room. So a slow one costs sixteen bytes
 * an event, not a message; it hears of a grant that has ended meanwhile, too, with a view that says
 * so. What a million later events have pushed out, it misses: after a long silence, list.
 */
#ifndef SERVER_FEED_H
#define SERVER_FEED_H

#include "base/list.h"
#include "core/core.h"

#define FEED_MAX 1000000 /* events */

enum subscription { SUBSCRIBED_GRANTS = 1, SUBSCRIBED_ENDS = 2, SUBSCRIBED_CONTENDED = 4 };

struct server;
struct conn;

struct feed_event {
    uint64_t ticket;
    uint8_t what; /* SUBSCRIBED_GRANTS or SUBSCRIBED_ENDS */
};

/* All zero: empty. Places in it are counted from the first event of all. */
struct feed {
    struct feed_event *ring;
    uint64_t first, end, cap; /* cap: a power of two, or 0 */
    struct list subscribers;  /* conn.subscriber */
    uint32_t n_contended;     /* of them: to SUBSCRIBED_CONTENDED */
};

void feed_finish(struct feed *feed);

/* What a connection is subscribed to from now on, as bits; it hears what comes after. */
void feed_subscribe(struct server *server, struct conn *conn, uint8_t to);

/* An operation was granted, or ended. */
void feed_add(struct server *server, const struct op *op, enum subscription what);
/* Whether that is told to the session by the feed: then by nothing else. */
bool feed_tells(struct server *server, uint64_t session, const struct op *op,
                enum subscription what);

/* Writes what the connection has room for. */
void feed_pump(struct server *server, struct conn *conn);

#endif
