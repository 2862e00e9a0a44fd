/*
 * Deferred answers: `acquire` and `wait`, until their operation no longer waits.
 *
 * An answer hangs on its operation and on its connection, and dies with either. (The operation
 * cannot be forgotten while it waits.)
 */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "server/state.h"

struct answer {
    struct list in_op, in_conn;
    struct timer timer; /* of a `wait` with a timeout */
    struct conn *conn;
    struct op *op;
    uint32_t id; /* of the request */
    bool acquires;
};

struct answer *answer_add(struct server *server, struct conn *conn, struct op *op, uint32_t id,
                          bool acquires, int64_t timeout_ms);
void answer_remove(struct server *server, struct answer *answer);
/* The connection is going. */
void answer_remove_all(struct server *server, struct conn *conn);

/* Writes the view as the answer, and removes it. A connection over its output limit is cut. */
void answer_send(struct server *server, struct answer *answer);
/* Answers every `wait` whose timeout was over at `now`. */
void answer_expire(struct server *server, int64_t now_ms);

#endif
