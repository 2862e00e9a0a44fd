/*
 * The wire as an outsider knows it from the contract: requests out, answers in, by msgpack-c.
 */
#ifndef CROWD_WIRE_H
#define CROWD_WIRE_H

#include <msgpack.h>
#include <stdbool.h>
#include <stdint.h>

#include "history.h"

#define WIRE_NONE   UINT32_MAX /* a number that is not sent */
#define SECRET_SIZE 64

/* What is asked of the daemon; only what the method takes is sent. */
struct wire_request {
    uint32_t id;
    enum history_method method;
    uint64_t op;
    uint64_t exclusive, shared; /* sets of keys of the pool */
    uint32_t wait_ms, lease_ms, claim_in_ms;
    bool has_payload;
    uint64_t token; /* 0: none */
    uint32_t grace_ms, world;
    uint64_t session; /* 0: hello makes a new one */
    const char *secret;
};

struct wire_answer {
    bool is_push;
    uint32_t id;
    enum history_error error;
    enum history_state state;
    enum history_end end;
    bool has_op, is_held, has_row;
    uint64_t op, ticket, seq, token;
    uint64_t session;
    char secret[SECRET_SIZE];
    uint32_t holders, waiting;
    enum history_state row_state;
    uint64_t first;
    char text[128]; /* of an error */
};

void wire_put(msgpack_sbuffer *out, const struct wire_request *request);
/* false: this is no message of the protocol. */
bool wire_read(const msgpack_object *message, struct wire_answer *answer);

#endif
