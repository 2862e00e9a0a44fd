/*
 * liblockq: lockqd's client library.
 *
 * A handle is one session with a daemon. It connects when it is first used, comes back by itself
 * after the connection or the daemon was lost, resumes its session, and repeats what had no answer
 * yet: that is safe, because an operation's id names one attempt (the handle makes ids up where the
 * caller gives none). Where the daemon knows the session no more and nothing was tied to it, it
 * begins another one.
 *
 * There are two ways to use it. Blocking: each call takes a timeout and returns a status. In a loop
 * of one's own: lockq_send queues a request and names a function for its answer; the program polls
 * lockq_fd for lockq_events, at most lockq_poll_ms long, and calls lockq_process. Both may be
 * mixed.
 *
 * There is no thread behind it: between two calls nothing happens, also no coming back. A program
 * that works for longer than the grace without a call would not notice that its daemon was started
 * again, and what is tied to its session would end as lost meanwhile. It calls lockq_process now
 * and then, takes a longer grace, or submits with a lease and renews it.
 *
 * One handle belongs to one thread at a time, and to the process that has connected it: after fork,
 * the child opens one of its own (it may close the parent's, which the parent does not notice).
 * Handles share nothing. The library raises no SIGPIPE, and aborts when there is no memory.
 *
 * Times are in milliseconds. Keys are string paths ("Project/25"; %2F is a slash inside a segment,
 * %25 a percent sign).
 */
#ifndef LOCKQ_LOCKQ_H
#define LOCKQ_LOCKQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <msgpack/object.h>

#include "lockq/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Statuses beside those of the daemon: what a client meets on its side. */
enum lockq_client_status {
    LOCKQ_E_TIMEOUT = 100, /* no answer in time; the request may still be carried out */
    LOCKQ_E_CONNECT,       /* no daemon answers at the address */
    LOCKQ_E_PROTOCOL,      /* what answers is no lockqd */
    LOCKQ_E_LOST,          /* the session is over: operations tied to it have ended as lost, and
                            * the handle is of no use any more; open another one */
    LOCKQ_E_ADDRESS        /* the address is not understood */
};

#define LOCKQ_FOREVER INT64_MAX
#define LOCKQ_TIED    (-1) /* no lease: the operation is tied to the session */
#define LOCKQ_UNSET   (-1) /* a duration that is not given */

struct lockq;

/* Zeroed is a good start: the default address and namespace, a grace of 10 s. Copied. */
struct lockq_options {
    const char *address;    /* "unix:/path", "tcp:host:port"; NULL: LOCKQ_ADDR or the default */
    const char *name_space; /* NULL: LOCKQ_NAMESPACE or "default" */
    const char *client;     /* what the daemon may show of this program; NULL: nothing */
    int64_t grace_ms;       /* 0: the default of 10 s; LOCKQ_UNSET: none */
    bool fails_at_once;     /* no daemon at the first attempt is LOCKQ_E_CONNECT, not a wait */
};

/* Never NULL but for want of memory. Nothing is connected yet. */
struct lockq *lockq_open(const struct lockq_options *options);
/* Closes the connection without a word: operations tied to the session live on for its grace. */
void lockq_close(struct lockq *lockq);

/* The sentence about the last status that was not LOCKQ_OK; valid until the next call. */
const char *lockq_why(const struct lockq *lockq);
/* "wrong_token", "timeout" ...: a name for every status. */
const char *lockq_status_name(int status);
/* The address in use, as "unix:/path". */
const char *lockq_address(const struct lockq *lockq);
/* Whether the connection is to the same machine. */
bool lockq_is_local(const struct lockq *lockq);
const char *lockq_namespace(const struct lockq *lockq);
/* The session's number, 0 before the first answer, and its grace. */
uint64_t lockq_session(const struct lockq *lockq);
int64_t lockq_grace_ms(const struct lockq *lockq);

/* --- operations ------------------------------------------------------------------------------ */

enum lockq_state { LOCKQ_WAITING = 1, LOCKQ_GRANTED, LOCKQ_ENDED };

#define LOCKQ_ID_SIZE 129

/* An operation as the daemon shows it. A plain value: nothing in it is to be freed. */
struct lockq_view {
    char op[LOCKQ_ID_SIZE];
    enum lockq_state state;
    uint64_t ticket, seq, token; /* 0: not there */
    char end[16];                /* "" until it has ended: "released", "refused" ... */
    uint64_t ahead;              /* how many stand before it */
    bool ahead_more;             /* and more */
    int64_t expires_in_ms;       /* LOCKQ_UNSET: not there */
};

struct lockq_submit {
    const char *const *keys; /* exclusive */
    size_t n_keys;
    const char *const *shared;
    size_t n_shared;
    const char *op;        /* NULL: the handle makes one up */
    int64_t wait_ms;       /* LOCKQ_FOREVER: stay in line; 0: now or refused */
    int64_t lease_ms;      /* LOCKQ_TIED, 0: until released, or a duration */
    int64_t claim_in_ms;   /* LOCKQ_UNSET; only with a lease */
    const char *who, *why; /* for people; NULL: what the daemon sees, nothing */
    const char *payload;   /* one MessagePack value for the worker; NULL: none */
    size_t payload_size;
    const char *parent;      /* submit as a child of this granted operation; NULL: none */
    uint64_t parent_token;   /* 0: the parent is tied to this session */
    int64_t max_hold_ms;     /* LOCKQ_UNSET */
    int64_t unchanged_since; /* a seq: ends as stale if a key changed since; LOCKQ_UNSET */
    bool tells_changes;      /* then it is granted and told instead */
    bool passes;             /* those who wait; with wait_ms 0 and max_hold_ms up to 10 s */
};

/* All fields, so that no compiler misses one. */
#define LOCKQ_SUBMIT_INIT                                                                          \
    {                                                                                              \
        .keys = NULL, .n_keys = 0, .shared = NULL, .n_shared = 0, .op = NULL,                      \
        .wait_ms = LOCKQ_FOREVER, .lease_ms = LOCKQ_TIED, .claim_in_ms = LOCKQ_UNSET, .who = NULL, \
        .why = NULL, .payload = NULL, .payload_size = 0, .parent = NULL, .parent_token = 0,        \
        .max_hold_ms = LOCKQ_UNSET, .unchanged_since = LOCKQ_UNSET, .tells_changes = false,        \
        .passes = false                                                                            \
    }

/* Into the line, answered at once. `timeout_ms` here and below: how long to wait for the answer,
 * connecting included. `view` may be NULL; here and in acquire its op is set whatever the status,
 * so that what the handle made up can be asked for again. */
int lockq_submit(struct lockq *lockq, const struct lockq_submit *submit, int64_t timeout_ms,
                 struct lockq_view *view);
/* The same, answered when the operation waits no more. A timeout ends nothing: the operation stays
 * in line; acquire again with the same id and fields, as often as wanted, or cancel. */
int lockq_acquire(struct lockq *lockq, const struct lockq_submit *submit, int64_t timeout_ms,
                  struct lockq_view *view);
/* Until it waits no more. LOCKQ_E_TIMEOUT: it still does. */
int lockq_wait(struct lockq *lockq, const char *op, int64_t timeout_ms, struct lockq_view *view);
/* To run it here: lockq_result has its payload and meta. */
int lockq_claim(struct lockq *lockq, const char *op, int64_t timeout_ms, struct lockq_view *view);
/* The same, and from now on the operation lives and dies with this handle's session. */
int lockq_claim_tied(struct lockq *lockq, const char *op, int64_t timeout_ms,
                     struct lockq_view *view);
/* More keys for a granted operation, at once or not at all: *refused says which. */
int lockq_extend(struct lockq *lockq, const char *op, uint64_t token, const char *const *keys,
                 size_t n_keys, const char *const *shared, size_t n_shared, int64_t timeout_ms,
                 bool *refused);
/* lease_ms: LOCKQ_UNSET keeps it; progress: NULL keeps it; contended: NULL, or told whether
 * somebody waits. */
int lockq_renew(struct lockq *lockq, const char *op, uint64_t token, int64_t lease_ms,
                const char *progress, int64_t timeout_ms, bool *contended);
/* token: 0 for an operation of this session. outcome: NULL or text for the history. */
int lockq_release(struct lockq *lockq, const char *op, uint64_t token, const char *outcome,
                  int64_t timeout_ms, struct lockq_view *view);
int lockq_cancel(struct lockq *lockq, const char *op, const char *why, int64_t timeout_ms,
                 struct lockq_view *view);
int lockq_verify(struct lockq *lockq, const char *op, uint64_t token, int64_t timeout_ms,
                 bool *held);

/* --- any method ------------------------------------------------------------------------------ */

/* Params of a request, field by field. Texts are copied at once. */
struct lockq_params;
struct lockq_params *lockq_params_new(void);
void lockq_params_free(struct lockq_params *params);
void lockq_put_text(struct lockq_params *params, const char *field, const char *text);
/* The same for a text that may have a NUL inside. */
void lockq_put_bytes(struct lockq_params *params, const char *field, const char *text, size_t n);
void lockq_put_uint(struct lockq_params *params, const char *field, uint64_t number);
void lockq_put_bool(struct lockq_params *params, const char *field, bool value);
void lockq_put_texts(struct lockq_params *params, const char *field, const char *const *texts,
                     size_t n);

/* Calls a method and waits. `params` may be NULL and stays the caller's. On LOCKQ_OK *result is
 * valid until the next call on the handle. */
int lockq_call(struct lockq *lockq, const char *method, const struct lockq_params *params,
               int64_t timeout_ms, const msgpack_object **result);

/* The whole result of the last blocking call, if that was LOCKQ_OK, else NULL; valid until the next
 * one. It has what a view has no room for: payload, meta, blockers, changed, why_ended. */
const msgpack_object *lockq_result(const struct lockq *lockq);
/* The value of a field of a map, or NULL. */
const msgpack_object *lockq_field(const msgpack_object *map, const char *name);
/* Reads a view or a record. False: it is none. */
bool lockq_view_of(const msgpack_object *map, struct lockq_view *view);

/* --- in a loop of one's own ------------------------------------------------------------------ */

/* The functions that a program gives are called from lockq_process, also within a blocking call.
 * They may queue requests; they must not make blocking calls, nor process or close the handle. */

/* The answer to a request: LOCKQ_OK and a result, or a status and NULL (lockq_why says more). The
 * result is valid during the call. */
typedef void lockq_answer(struct lockq *lockq, int status, const msgpack_object *result,
                          void *context);
/* A notification: "granted" or "ended" with its view, "contended" with the map of its op. */
typedef void lockq_news(struct lockq *lockq, const char *method, const msgpack_object *view,
                        void *context);

/* Queues a request; `answer` (NULL: none) is called once, or never when the handle is closed
 * before. A submit or acquire must have `op`: see lockq_send_submit. */
void lockq_send(struct lockq *lockq, const char *method, const struct lockq_params *params,
                lockq_answer *answer, void *context);
/* The same for submit and acquire, with an id made up if none is given: whatever is queued may be
 * sent twice when a connection is lost, and only an id makes two submits one. */
void lockq_send_submit(struct lockq *lockq, const struct lockq_submit *submit, lockq_answer *answer,
                       void *context);
void lockq_send_acquire(struct lockq *lockq, const struct lockq_submit *submit,
                        lockq_answer *answer, void *context);
void lockq_on_news(struct lockq *lockq, lockq_news *news, void *context);
/* Called each time there is a connection: the first one, and each that resumes the session. The
 * place for what does not outlive a connection: `subscribe`, and then `list` for what was missed,
 * because the daemon tells nothing old. */
typedef void lockq_connected(struct lockq *lockq, void *context);
void lockq_on_connected(struct lockq *lockq, lockq_connected *connected, void *context);

/* The descriptor to poll, -1 while there is none (it changes when the handle reconnects); the
 * events to poll for (POLLIN, POLLOUT); how long to poll at most, -1: for ever. */
int lockq_fd(const struct lockq *lockq);
short lockq_events(const struct lockq *lockq);
int lockq_poll_ms(const struct lockq *lockq);
/* Does what can be done now without waiting. LOCKQ_OK, or why the handle is of no use any more. */
int lockq_process(struct lockq *lockq);

#ifdef __cplusplus
}
#endif

#endif
