/*
 * The requests of a handle that have no answer yet, in the order in which they were sent.
 *
 * Each is kept as the bytes of its message, because all of them are sent again when the connection
 * comes back. A blocking acquire that ran out of time is abandoned: the daemon still has it, so it
 * stays, and the same acquire made again takes its place instead of a second one at the daemon. It
 * is not sent again on another connection.
 */
#ifndef CLIENT_REQUESTS_H
#define CLIENT_REQUESTS_H

#include "params.h"

#define HELLO_ID 0u /* no request has it */

struct request;

struct requests {
    struct request *first, **last;
    uint32_t next_id;
    msgpack_sbuffer *out; /* what the connection is to send; NULL: there is none */
};

void requests_init(struct requests *requests);
void requests_finish(struct requests *requests);

/* [0, id, method, [ */
void requests_pack_head(msgpack_packer *packer, uint32_t id, const char *method);

/* Adds one, sends it if it can, and returns its id. */
uint32_t requests_add(struct requests *requests, const char *method,
                      const struct lockq_params *params, lockq_answer *answer, void *context);
/* Gives an abandoned one that asks the same an answer once more. 0: there is none. */
uint32_t requests_adopt(struct requests *requests, const char *method,
                        const struct lockq_params *params, lockq_answer *answer, void *context);
/* Nobody waits for its answer any more. */
void requests_abandon(struct requests *requests, uint32_t id);
/* Takes it out: its answer will be dropped. */
void requests_forget(struct requests *requests, uint32_t id);

/* There is a connection: all are written to `out`, and those that are added from now on. */
void requests_on_connected(struct requests *requests, msgpack_sbuffer *out);
/* It is gone, and what was abandoned with it. */
void requests_on_drop(struct requests *requests);

/* Whether one that ties an operation to the session has been sent: it may own something by now. */
bool requests_may_own(const struct requests *requests);
/* Whether this one does so. */
bool requests_ties(struct requests *requests, uint64_t id);

/* Takes it out and answers it, if there is such a request. */
void requests_answer(struct requests *requests, struct lockq *lockq, uint64_t id, int status,
                     const msgpack_object *result);
/* Answers all that are there now; an answer may add new ones, which stay. */
void requests_fail(struct requests *requests, struct lockq *lockq, int status);

#endif
