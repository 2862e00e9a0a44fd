/*
 * Dispatch: from bytes to methods.
 */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "server/state.h"

/* Takes bytes that arrived; carries out the whole requests among them, as far as a turn goes. */
void dispatch_input(struct server *server, struct conn *conn, const char *bytes, size_t n);
/* Goes on with the requests that a connection has kept. */
void dispatch_kept(struct server *server, struct conn *conn);

#endif
