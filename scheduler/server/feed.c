#include "server/feed.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/state.h"
#include "server/view.h"
#include "wire/reply.h"

#define CAP_LEAST 64

void feed_finish(struct feed *feed)
{
    free(feed->ring);
    *feed = (struct feed){0};
}

static struct feed_event *at(const struct feed *feed, uint64_t place)
{
    return &feed->ring[place & (feed->cap - 1)];
}

/* --- subscribers ---------------------------------------------------------------------------- */

void feed_subscribe(struct server *server, struct conn *conn, uint8_t to)
{
    struct feed *feed = &server->feed;
    uint8_t from = conn->subscribed;

    conn->subscribed = to;
    feed->n_contended += (to & SUBSCRIBED_CONTENDED) != 0;
    feed->n_contended -= (from & SUBSCRIBED_CONTENDED) != 0;
    core_tell_contended(server->core, feed->n_contended > 0);
    if ((to & (SUBSCRIBED_GRANTS | SUBSCRIBED_ENDS)) == 0) {
        list_remove(&conn->subscriber);
        return;
    }
    if (list_is_linked(&conn->subscriber))
        return;
    conn->heard = feed->end;
    list_append(&feed->subscribers, &conn->subscriber);
}

bool feed_tells(struct server *server, uint64_t id, const struct op *op, enum subscription what)
{
    const struct session *session;

    if (list_is_empty(&server->feed.subscribers) || (what == SUBSCRIBED_GRANTS && !op->detached))
        return false;
    session = session_find(&server->sessions, id);
    return session != NULL && session->conn != NULL && (session->conn->subscribed & what) != 0;
}

/* --- events --------------------------------------------------------------------------------- */

/* What all have heard is not needed any more. */
static void drop_heard(struct feed *feed)
{
    uint64_t first = feed->end;

    LIST_EACH (&feed->subscribers, link) {
        const struct conn *conn = LIST_ENTRY(link, struct conn, subscriber);
        first = conn->heard < first ? conn->heard : first;
    }
    feed->first = first > feed->first ? first : feed->first;
}

static void grow(struct feed *feed)
{
    struct feed old = *feed;

    feed->cap = old.cap == 0 ? CAP_LEAST : old.cap * 2;
    feed->ring = memory_alloc(feed->cap * sizeof *feed->ring);
    for (uint64_t place = old.first; place < old.end; place++)
        *at(feed, place) = *at(&old, place);
    free(old.ring);
}

static void make_room(struct feed *feed)
{
    if (feed->end - feed->first < feed->cap)
        return;
    drop_heard(feed);
    if (feed->end - feed->first < feed->cap / 2)
        return;
    if (feed->cap < FEED_MAX)
        grow(feed);
    else if (feed->end - feed->first == feed->cap)
        feed->first++; /* the slowest misses it */
}

void feed_add(struct server *server, const struct op *op, enum subscription what)
{
    struct feed *feed = &server->feed;

    if (list_is_empty(&feed->subscribers) || (what == SUBSCRIBED_GRANTS && !op->detached))
        return;
    make_room(feed);
    *at(feed, feed->end++) = (struct feed_event){op->ticket, (uint8_t)what};
    LIST_EACH (&feed->subscribers, link)
        feed_pump(server, LIST_ENTRY(link, struct conn, subscriber));
}

/* The operation of an event; NULL: it is forgotten, or not for this connection. */
static const struct op *news(const struct server *server, const struct conn *conn,
                             const struct feed_event *event)
{
    const struct op *op = core_next_by_ticket(server->core, event->ticket - 1);

    if ((conn->subscribed & event->what) == 0 || op == NULL || op->ticket != event->ticket ||
        !slice_equal(core_namespace_name(op->ns), conn->session->ns))
        return NULL;
    return op;
}

void feed_pump(struct server *server, struct conn *conn)
{
    struct feed *feed = &server->feed;

    if (!list_is_linked(&conn->subscriber) || conn->session == NULL || conn->is_closing ||
        conn->is_cut)
        return;
    if (conn->heard < feed->first)
        conn->heard = feed->first;
    while (conn->heard < feed->end && conn_unsent(conn) < CONN_QUANTUM) {
        const struct feed_event *event = at(feed, conn->heard++);
        const struct op *op = news(server, conn, event);
        struct viewer viewer = {server->core, conn->session, server->now_ms, 0};
        struct buf *out;
        if (op == NULL)
            continue;
        out = server_out(server, conn);
        notification_begin(out, event->what == SUBSCRIBED_ENDS ? "ended" : "granted");
        put_view(out, &viewer, op, false);
    }
}
