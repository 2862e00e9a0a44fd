/*
 * The handle: a session's connection, its requests under way, and how it comes back.
 *
 *     apart --(connect begun)--> connecting --(connected, hello sent)--> greeting
 *       ^                                                                    |
 *       '---------(connection lost, after a pause)-------- ready <--(hello answered)
 *
 * A request stays in the list until it is answered; whenever the handle becomes ready, all of the
 * list is sent again. While it is apart, nothing is lost but time. handle.c is what a program sees
 * of it, link.c the connection.
 */
#ifndef CLIENT_HANDLE_H
#define CLIENT_HANDLE_H

#include <msgpack.h>
#include <sys/types.h>

#include "address.h"
#include "lockq/lockq.h"
#include "owned.h"
#include "requests.h"

enum handle_state { APART, CONNECTING, GREETING, READY };

struct lockq {
    char address[ADDRESS_MAX];
    char name_space[256];
    char client[128];
    int64_t grace_ms;
    bool fails_at_once;

    enum handle_state state;
    int fd;
    pid_t owner;      /* the process that has connected; 0: none yet */
    int64_t retry_at; /* APART: when to connect again */
    int64_t pause_ms; /* doubled by each attempt that failed */

    bool was_ready;
    uint64_t session; /* 0: none to resume */
    char secret[64];

    struct requests requests;
    struct owned owned;
    uint64_t next_op;
    uint64_t op_seed; /* makes the ids of this handle in this process its own */
    pid_t seeded_in;

    msgpack_sbuffer out; /* from `sent` on to be written */
    size_t sent;
    msgpack_unpacker in;
    msgpack_unpacked message; /* the one at hand */
    msgpack_unpacked kept;    /* that with the result of the last blocking call */
    const msgpack_object *result;

    lockq_news *news;
    void *news_context;
    lockq_connected *connected;
    void *connected_context;
    bool is_useless; /* it will not connect again */
    int useless_status;
    char why[512];
};

int64_t handle_now_ms(void);
/* Notes why, and returns the status. */
int handle_fail(struct lockq *lockq, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The handle is of no use any more, and all requests fail. Returns the status. */
int handle_give_up(struct lockq *lockq, int status);

void link_init(struct lockq *lockq);
/* Closes the connection without a word. */
void link_finish(struct lockq *lockq);
/* Connects, reads and writes as far as it goes without waiting. */
int link_process(struct lockq *lockq);

#endif
