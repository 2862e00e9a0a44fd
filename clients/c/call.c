/*
 * Blocking calls: a request, and the loop that waits for its answer.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "handle.h"

/* --- waiting --------------------------------------------------------------------------------- */

struct waiting {
    bool is_over;
    int status;
};

static void on_answer(struct lockq *lockq, int status, const msgpack_object *result, void *context)
{
    struct waiting *waiting = context;

    *waiting = (struct waiting){true, status};
    if (result == NULL)
        return;
    lockq->result = result;
    /* The result must outlive the messages behind it: its memory changes hands. */
    msgpack_unpacked_destroy(&lockq->kept);
    lockq->kept = lockq->message;
    msgpack_unpacked_init(&lockq->message);
}

static int poll_once(struct lockq *lockq, int64_t left_ms)
{
    struct pollfd ready = {lockq_fd(lockq), lockq_events(lockq), 0};
    int most = lockq_poll_ms(lockq);

    if (most < 0 || left_ms < most)
        most = left_ms > INT32_MAX ? -1 : (int)left_ms;
    poll(&ready, ready.fd < 0 ? 0 : 1, most);
    return lockq_process(lockq);
}

/* Waits for the answer to a request that was sent. */
static int wait_for(struct lockq *lockq, struct waiting *waiting, int64_t timeout_ms)
{
    int64_t now = handle_now_ms();
    int64_t until = timeout_ms > INT64_MAX - now ? INT64_MAX : now + timeout_ms;

    lockq->result = NULL;
    lockq_process(lockq);
    while (!waiting->is_over && (now = handle_now_ms()) < until)
        poll_once(lockq, until - now);
    if (waiting->is_over)
        return waiting->status;
    if (lockq->state == READY)
        return handle_fail(lockq, LOCKQ_E_TIMEOUT, "no answer from %s within %" PRId64 " ms",
                           lockq->address, timeout_ms);
    return lockq->state == APART && lockq->why[0] != '\0'
               ? LOCKQ_E_CONNECT
               : handle_fail(lockq, LOCKQ_E_TIMEOUT, "%s does not answer", lockq->address);
}

int lockq_call(struct lockq *lockq, const char *method, const struct lockq_params *params,
               int64_t timeout_ms, const msgpack_object **result)
{
    struct waiting waiting = {.is_over = false};
    uint32_t id = requests_add(&lockq->requests, method, params, on_answer, &waiting);
    int status = wait_for(lockq, &waiting, timeout_ms);

    if (!waiting.is_over)
        requests_forget(&lockq->requests, id);
    if (status == LOCKQ_OK && result != NULL)
        *result = lockq->result;
    return status;
}

static int read_view(struct lockq *lockq, int status, struct lockq_view *view)
{
    if (status == LOCKQ_OK && view != NULL && !lockq_view_of(lockq->result, view))
        return handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address);
    return status;
}

/* Calls, frees the params, and reads the view of the result. */
static int call_view(struct lockq *lockq, const char *method, struct lockq_params *params,
                     int64_t timeout_ms, struct lockq_view *view)
{
    int status = lockq_call(lockq, method, params, timeout_ms, NULL);

    lockq_params_free(params);
    return read_view(lockq, status, view);
}

/* --- operations ------------------------------------------------------------------------------ */

static void put_conditions(struct lockq_params *params, const struct lockq_submit *submit)
{
    if (submit->parent != NULL)
        lockq_put_text(params, "parent", submit->parent);
    if (submit->parent_token != 0)
        lockq_put_uint(params, "parent_token", submit->parent_token);
    if (submit->max_hold_ms != LOCKQ_UNSET)
        lockq_put_uint(params, "max_hold", (uint64_t)submit->max_hold_ms);
    if (submit->unchanged_since != LOCKQ_UNSET)
        lockq_put_uint(params, "unchanged_since", (uint64_t)submit->unchanged_since);
    if (submit->tells_changes)
        lockq_put_text(params, "on_change", "tell");
    if (submit->passes)
        lockq_put_bool(params, "pass", true);
}

/* An id that nobody else makes up, not even a child that was forked with the handle. */
static void make_up(struct lockq *lockq, char *op, size_t size)
{
    if (lockq->seeded_in != getpid() &&
        getrandom(&lockq->op_seed, sizeof lockq->op_seed, 0) != sizeof lockq->op_seed)
        lockq->op_seed = (uint64_t)handle_now_ms() << 20 ^ (uint64_t)getpid();
    lockq->seeded_in = getpid();
    snprintf(op, size, "c-%016" PRIx64 "-%" PRIu64, lockq->op_seed, ++lockq->next_op);
}

/* The view, unless NULL, tells the id whatever becomes of the request. */
static struct lockq_params *params_of(struct lockq *lockq, const struct lockq_submit *submit,
                                      struct lockq_view *view)
{
    struct lockq_params *params = lockq_params_new();
    char made_up[LOCKQ_ID_SIZE];
    const char *op = submit->op;

    if (op == NULL) {
        make_up(lockq, made_up, sizeof made_up);
        op = made_up;
    }
    if (view != NULL) {
        *view = (struct lockq_view){.expires_in_ms = LOCKQ_UNSET};
        snprintf(view->op, sizeof view->op, "%s", op);
    }
    lockq_put_text(params, "op", op);
    if (submit->n_keys > 0)
        lockq_put_texts(params, "keys", submit->keys, submit->n_keys);
    if (submit->n_shared > 0)
        lockq_put_texts(params, "shared", submit->shared, submit->n_shared);
    if (submit->wait_ms != LOCKQ_FOREVER)
        lockq_put_uint(params, "wait", (uint64_t)submit->wait_ms);
    if (submit->lease_ms != LOCKQ_TIED)
        lockq_put_uint(params, "lease", (uint64_t)submit->lease_ms);
    if (submit->claim_in_ms != LOCKQ_UNSET)
        lockq_put_uint(params, "claim_in", (uint64_t)submit->claim_in_ms);
    if (submit->who != NULL)
        lockq_put_text(params, "who", submit->who);
    if (submit->why != NULL)
        lockq_put_text(params, "why", submit->why);
    if (submit->payload != NULL)
        params_put_raw(params, "payload", submit->payload, submit->payload_size);
    put_conditions(params, submit);
    return params;
}

int lockq_submit(struct lockq *lockq, const struct lockq_submit *submit, int64_t timeout_ms,
                 struct lockq_view *view)
{
    return call_view(lockq, "submit", params_of(lockq, submit, view), timeout_ms, view);
}

/* The daemon answers an acquire only when the operation waits no more, however often it is asked;
 * so one that ran out of time is taken up again, not made anew. What was never sent is taken back.
 */
int lockq_acquire(struct lockq *lockq, const struct lockq_submit *submit, int64_t timeout_ms,
                  struct lockq_view *view)
{
    struct lockq_params *params = params_of(lockq, submit, view);
    struct waiting waiting = {.is_over = false};
    uint32_t id = requests_adopt(&lockq->requests, "acquire", params, on_answer, &waiting);
    int status;

    if (id == 0)
        id = requests_add(&lockq->requests, "acquire", params, on_answer, &waiting);
    lockq_params_free(params);
    status = wait_for(lockq, &waiting, timeout_ms);
    if (!waiting.is_over && lockq->state == READY)
        requests_abandon(&lockq->requests, id);
    else if (!waiting.is_over)
        requests_forget(&lockq->requests, id);
    return read_view(lockq, status, view);
}

static void send_made(struct lockq *lockq, const char *method, const struct lockq_submit *submit,
                      lockq_answer *answer, void *context)
{
    struct lockq_params *params = params_of(lockq, submit, NULL);

    lockq_send(lockq, method, params, answer, context);
    lockq_params_free(params);
}

void lockq_send_submit(struct lockq *lockq, const struct lockq_submit *submit, lockq_answer *answer,
                       void *context)
{
    send_made(lockq, "submit", submit, answer, context);
}

void lockq_send_acquire(struct lockq *lockq, const struct lockq_submit *submit,
                        lockq_answer *answer, void *context)
{
    send_made(lockq, "acquire", submit, answer, context);
}

static struct lockq_params *params_for(const char *op, uint64_t token)
{
    struct lockq_params *params = lockq_params_new();

    lockq_put_text(params, "op", op);
    if (token != 0)
        lockq_put_uint(params, "token", token);
    return params;
}

int lockq_wait(struct lockq *lockq, const char *op, int64_t timeout_ms, struct lockq_view *view)
{
    struct lockq_params *params = params_for(op, 0);
    struct lockq_view seen = {0};
    int status;

    /* The daemon stops waiting too: an answer that nobody reads would count as pending there. */
    if (timeout_ms != LOCKQ_FOREVER)
        lockq_put_uint(params, "timeout", timeout_ms > 0 ? (uint64_t)timeout_ms : 0);
    status = call_view(lockq, "wait", params, timeout_ms, &seen);
    if (status == LOCKQ_OK && seen.state == LOCKQ_WAITING && timeout_ms != LOCKQ_FOREVER)
        status = handle_fail(lockq, LOCKQ_E_TIMEOUT, "%s waits still", op);
    if (view != NULL && (status == LOCKQ_OK || (status == LOCKQ_E_TIMEOUT && seen.state != 0)))
        *view = seen;
    return status;
}

int lockq_claim(struct lockq *lockq, const char *op, int64_t timeout_ms, struct lockq_view *view)
{
    return call_view(lockq, "claim", params_for(op, 0), timeout_ms, view);
}

int lockq_claim_tied(struct lockq *lockq, const char *op, int64_t timeout_ms,
                     struct lockq_view *view)
{
    struct lockq_params *params = params_for(op, 0);

    lockq_put_bool(params, "tie", true);
    return call_view(lockq, "claim", params, timeout_ms, view);
}

int lockq_release(struct lockq *lockq, const char *op, uint64_t token, const char *outcome,
                  int64_t timeout_ms, struct lockq_view *view)
{
    struct lockq_params *params = params_for(op, token);

    if (outcome != NULL)
        lockq_put_text(params, "outcome", outcome);
    return call_view(lockq, "release", params, timeout_ms, view);
}

int lockq_cancel(struct lockq *lockq, const char *op, const char *why, int64_t timeout_ms,
                 struct lockq_view *view)
{
    struct lockq_params *params = params_for(op, 0);

    if (why != NULL)
        lockq_put_text(params, "why", why);
    return call_view(lockq, "cancel", params, timeout_ms, view);
}

static bool is_true(const msgpack_object *object)
{
    return object != NULL && object->type == MSGPACK_OBJECT_BOOLEAN && object->via.boolean;
}

int lockq_renew(struct lockq *lockq, const char *op, uint64_t token, int64_t lease_ms,
                const char *progress, int64_t timeout_ms, bool *contended)
{
    struct lockq_params *params = params_for(op, token);
    const msgpack_object *result;
    int status;

    if (lease_ms != LOCKQ_UNSET)
        lockq_put_uint(params, "lease", (uint64_t)lease_ms);
    if (progress != NULL)
        lockq_put_text(params, "progress", progress);
    status = lockq_call(lockq, "renew", params, timeout_ms, &result);
    lockq_params_free(params);
    if (status == LOCKQ_OK && contended != NULL)
        *contended = is_true(lockq_field(result, "contended"));
    return status;
}

int lockq_extend(struct lockq *lockq, const char *op, uint64_t token, const char *const *keys,
                 size_t n_keys, const char *const *shared, size_t n_shared, int64_t timeout_ms,
                 bool *refused)
{
    struct lockq_params *params = params_for(op, token);
    const msgpack_object *result;
    int status;

    if (n_keys > 0)
        lockq_put_texts(params, "keys", keys, n_keys);
    if (n_shared > 0)
        lockq_put_texts(params, "shared", shared, n_shared);
    status = lockq_call(lockq, "extend", params, timeout_ms, &result);
    lockq_params_free(params);
    if (status == LOCKQ_OK)
        *refused = is_true(lockq_field(result, "refused"));
    return status;
}

int lockq_verify(struct lockq *lockq, const char *op, uint64_t token, int64_t timeout_ms,
                 bool *held)
{
    struct lockq_params *params = params_for(op, token);
    const msgpack_object *result;
    int status = lockq_call(lockq, "verify", params, timeout_ms, &result);

    lockq_params_free(params);
    if (status == LOCKQ_OK)
        *held = is_true(lockq_field(result, "held"));
    return status;
}
