/*
 * The handle: a session's connection, its requests under way, and how it comes back.
 *
 *     apart --(connect begun)--> connecting --(connected, hello sent)--> greeting
 *       ^                                                                    |
 *       '---------(connection lost, after a pause)-------- ready <--(hello answered)
 *
 * A request stays in the list until it is answered; whenever the handle becomes ready, all of the
 * list is sent again. While it is apart, nothing is lost but time.
 */
#ifndef CLIENT_HANDLE_H
#define CLIENT_HANDLE_H

#include <msgpack.h>

#include "address.h"
#include "lockq/lockq.h"

enum handle_state { APART, CONNECTING, GREETING, READY };

struct lockq_params {
    msgpack_sbuffer bytes; /* the pairs, without the head of the map */
    uint32_t pairs;
};

struct request {
    struct request *next;
    uint32_t id;
    char *bytes; /* the whole message; owned */
    size_t size;
    lockq_answer *answer;
    void *context;
};

struct lockq {
    char address[ADDRESS_MAX];
    char name_space[256];
    char client[128];
    int64_t grace_ms;
    bool fails_at_once;

    enum handle_state state;
    int fd;
    int64_t retry_at; /* APART: when to connect again */
    int64_t pause_ms; /* doubled by each attempt that failed */

    uint64_t session; /* 0: none to resume */
    char secret[64];

    struct request *first, **last; /* in the order in which they were sent */
    uint32_t next_id;
    uint64_t next_op;
    uint64_t op_seed;

    msgpack_sbuffer out; /* from `sent` on to be written */
    size_t sent;
    msgpack_unpacker in;
    msgpack_unpacked message; /* the one at hand */
    msgpack_unpacked kept;    /* that with the result of the last blocking call */

    lockq_news *news;
    void *news_context;
    bool is_useless; /* it will not connect again */
    int useless_status;
    char why[512];
};

int64_t handle_now_ms(void);
/* Notes why, and returns the status. */
int handle_fail(struct lockq *lockq, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes a queued request back: its answer will be dropped. */
void handle_forget(struct lockq *lockq, uint32_t id);
/* Queues and returns the request's id. */
uint32_t handle_send(struct lockq *lockq, const char *method, const struct lockq_params *params,
                     lockq_answer *answer, void *context);

#endif
