/*
 * Telling: which session is to hear what of which operation.
 *
 * A push is a flag on the operation, not a queued message: it is made from the operation as it is
 * when the session's connection has room. So however many operations change, a slow reader costs
 * no memory, and pushes never by themselves cut it off. What a session was not told when its
 * connection drops it is told no more; it can ask.
 */
#ifndef SERVER_TELL_H
#define SERVER_TELL_H

#include "server/state.h"

enum tell { TELL_GRANTED = 1, TELL_ENDED = 2, TELL_CONTENDED = 4 };

/* In which of the two parts an operation has a session. */
enum role { ROLE_SUBMITTER, ROLE_CLAIMER };

/* The operation has news for its session in that role; nothing happens without a connection. */
void tell(struct server *server, struct op *op, enum role role, enum tell what);

/* Somebody begins to wait for it: once for its grant, to the session that holds it and asked. */
void tell_contended(struct server *server, struct op *op);
/* Writes what the connection has room for. */
void tell_pump(struct server *server, struct conn *conn);

/* The operation is going; the session has lost its connection. */
void tell_forget_op(struct op *op);
void tell_forget_session(struct session *session);

#endif
