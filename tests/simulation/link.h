/*
 * A connection between a client and the daemon: two streams, and what may happen to them.
 *
 * Each end closes for itself; the other learns of it when it has read what was on its way. A link
 * whose client has vanished looks alive to the daemon.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "clock.h"
#include "plan.h"
#include "stream.h"

struct conn;

struct link {
    int client;           /* its number */
    uint32_t number;      /* of the connection, rising */
    bool is_used;         /* the client has this end open */
    bool is_knocking;     /* not accepted yet */
    bool client_has_left; /* the daemon will read the end of the stream */
    bool daemon_has_left; /* the client will */
    int64_t vanished_ms;  /* the client is gone, and said nothing; 0: it is not */
    struct conn *conn;    /* the daemon's end; NULL: not accepted, or closed */
    int64_t knocks_ms;    /* when the daemon can accept it */
    int64_t accepted_ms;
    int64_t broken_ms; /* when the first of its ends was closed; 0: it is whole */
    struct stream up, down;
    struct buf input; /* what the daemon has read and not carried out yet */
    size_t n_sent;    /* what it has just written, and its server was not told of */
    bool is_taken;    /* it is to be written, or was and its server was not told */
    bool wants_room;  /* the daemon has more to write */

    uint32_t delay_ms, usual_delay_ms;
    size_t sip;                          /* bytes that the client takes at a time */
    int64_t deaf_until_ms, next_read_ms; /* when it reads again */
    bool is_plain; /* nothing has slowed it: what has arrived is read in the next turn */
};

/* A client knocks. */
void link_open(struct link *link, const struct plan *plan, struct chance *chance, uint32_t number,
               int64_t now_ms);

/* The client sends; in pieces when the plan says so. */
void link_send(struct link *link, const struct plan *plan, struct chance *chance, const char *bytes,
               size_t n, int64_t now_ms);
/* The daemon writes. Returns how many bytes there was room for. */
size_t link_write(struct link *link, const struct plan *plan, const char *bytes, size_t n,
                  int64_t now_ms);

/* How much the client may read now, and when it next can. */
size_t link_readable(struct link *link, int64_t now_ms);
int64_t link_next_read_ms(const struct link *link);
/* Whether the client has read everything up to the end. */
bool link_has_ended(const struct link *link);

/* The client closes; what it sent arrives before that. */
void link_leave(struct link *link, int64_t now_ms);
/* The client is no more, and the daemon is not told. */
void link_vanish(struct link *link, int64_t now_ms);
/* Both ends are lost, with all that is on its way. The daemon's still has to be closed. */
void link_reset(struct link *link, int64_t now_ms);
/* Nothing is left of it on either side. */
void link_forget(struct link *link);

/* Neither cut, slow nor deaf any more. */
void link_heal(struct link *link);

#endif
