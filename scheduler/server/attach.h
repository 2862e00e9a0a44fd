/*
 * Attaching: which session a connection has, from its first request to its end.
 */
#ifndef SERVER_ATTACH_H
#define SERVER_ATTACH_H

#include "server/state.h"

/* A session of its own for a connection that has none. */
struct session *attach_new(struct server *server, struct conn *conn, struct slice ns,
                           uint64_t grace_ms);
/* A known session goes over to a connection that has none; the one it had is cut. */
void attach_resumed(struct server *server, struct session *session, struct conn *conn);
/* The connection is going: its session lingers, or ends at once without a grace. */
void attach_drop(struct server *server, struct conn *conn);
/* Ends the session that has lingered for longest without owning anything: nothing is lost with it.
 * False: there is none. */
bool attach_make_room(struct server *server);
/* Ends every session whose grace was over at `now`. */
void attach_expire(struct server *server, int64_t now_ms);

#endif
