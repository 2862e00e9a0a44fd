#include "handle.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define GRACE_USUAL_MS 10000

int64_t handle_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int handle_fail(struct lockq *lockq, int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(lockq->why, sizeof lockq->why, format, arguments);
    va_end(arguments);
    return status;
}

int handle_give_up(struct lockq *lockq, int status)
{
    lockq->is_useless = true;
    lockq->useless_status = status;
    requests_fail(&lockq->requests, lockq, status);
    return status;
}

/* --- life ------------------------------------------------------------------------------------ */

static const char *either(const char *given, const char *variable, const char *usual)
{
    const char *value = getenv(variable);

    if (given != NULL)
        return given;
    return value != NULL && value[0] != '\0' ? value : usual;
}

static bool copy(char *to, size_t size, const char *text)
{
    return snprintf(to, size, "%s", text) < (int)size;
}

struct lockq *lockq_open(const struct lockq_options *options)
{
    static const struct lockq_options usual;
    struct lockq *lockq = calloc(1, sizeof *lockq);
    bool fits;

    if (lockq == NULL)
        return NULL;
    if (options == NULL)
        options = &usual;
    requests_init(&lockq->requests);
    link_init(lockq);
    fits = options->address != NULL ? copy(lockq->address, sizeof lockq->address, options->address)
                                    : address_default(lockq->address);
    /* A name that was cut would be another one. */
    fits = copy(lockq->name_space, sizeof lockq->name_space,
                either(options->name_space, "LOCKQ_NAMESPACE", "default")) &&
           fits;
    copy(lockq->client, sizeof lockq->client, options->client == NULL ? "" : options->client);
    lockq->grace_ms = options->grace_ms == 0             ? GRACE_USUAL_MS
                      : options->grace_ms == LOCKQ_UNSET ? 0
                                                         : options->grace_ms;
    lockq->fails_at_once = options->fails_at_once;
    if (!fits)
        handle_give_up(
            lockq, handle_fail(lockq, LOCKQ_E_ADDRESS, "the address or the namespace is too long"));
    return lockq;
}

void lockq_close(struct lockq *lockq)
{
    if (lockq == NULL)
        return;
    requests_finish(&lockq->requests);
    owned_finish(&lockq->owned);
    link_finish(lockq);
    free(lockq);
}

/* --- in a loop of one's own ------------------------------------------------------------------ */

/* A child of fork shares the descriptor: two processes would speak as one session. */
static bool is_foreign(const struct lockq *lockq)
{
    return lockq->owner != 0 && lockq->owner != getpid();
}

int lockq_process(struct lockq *lockq)
{
    if (!lockq->is_useless && is_foreign(lockq)) {
        handle_fail(lockq, LOCKQ_E_LOST,
                    "the handle belongs to the process that forked this one: open one of your own");
        return handle_give_up(lockq, LOCKQ_E_LOST);
    }
    if (lockq->is_useless) {
        requests_fail(&lockq->requests, lockq, lockq->useless_status);
        return lockq->useless_status;
    }
    return link_process(lockq);
}

int lockq_fd(const struct lockq *lockq)
{
    return lockq->fd;
}

short lockq_events(const struct lockq *lockq)
{
    if (lockq->state == APART)
        return 0;
    if (lockq->state == CONNECTING)
        return POLLOUT;
    return (short)(POLLIN | (lockq->sent < lockq->out.size ? POLLOUT : 0));
}

int lockq_poll_ms(const struct lockq *lockq)
{
    int64_t wait;

    if (lockq->is_useless)
        return lockq->requests.first != NULL ? 0 : -1;
    if (lockq->state != APART)
        return -1;
    wait = lockq->retry_at - handle_now_ms();
    return wait < 0 ? 0 : (int)wait;
}

void lockq_send(struct lockq *lockq, const char *method, const struct lockq_params *params,
                lockq_answer *answer, void *context)
{
    requests_add(&lockq->requests, method, params, answer, context);
}

void lockq_on_news(struct lockq *lockq, lockq_news *news, void *context)
{
    lockq->news = news;
    lockq->news_context = context;
}

void lockq_on_connected(struct lockq *lockq, lockq_connected *connected, void *context)
{
    lockq->connected = connected;
    lockq->connected_context = context;
}

/* --- what it knows --------------------------------------------------------------------------- */

const char *lockq_why(const struct lockq *lockq)
{
    return lockq->why;
}

const msgpack_object *lockq_result(const struct lockq *lockq)
{
    return lockq->result;
}

const char *lockq_address(const struct lockq *lockq)
{
    return lockq->address;
}

bool lockq_is_local(const struct lockq *lockq)
{
    return address_is_local(lockq->address);
}

const char *lockq_namespace(const struct lockq *lockq)
{
    return lockq->name_space;
}

uint64_t lockq_session(const struct lockq *lockq)
{
    return lockq->session;
}

int64_t lockq_grace_ms(const struct lockq *lockq)
{
    return lockq->grace_ms;
}
