/*
 * The connection: it is made, says hello, carries messages, and comes back after it was lost.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handle.h"

#define PAUSE_FIRST_MS 20
#define PAUSE_MOST_MS  2000
#define IN_SIZE        65536
#define MESSAGE_MOST   ((size_t)64 * 1024 * 1024) /* no daemon can be set to send more */

void link_init(struct lockq *lockq)
{
    lockq->fd = -1;
    msgpack_sbuffer_init(&lockq->out);
    msgpack_unpacker_init(&lockq->in, IN_SIZE);
    msgpack_unpacked_init(&lockq->message);
    msgpack_unpacked_init(&lockq->kept);
}

void link_finish(struct lockq *lockq)
{
    if (lockq->fd >= 0)
        close(lockq->fd);
    msgpack_sbuffer_destroy(&lockq->out);
    msgpack_unpacker_destroy(&lockq->in);
    msgpack_unpacked_destroy(&lockq->message);
    msgpack_unpacked_destroy(&lockq->kept);
}

/* --- connecting ------------------------------------------------------------------------------ */

static void drop(struct lockq *lockq)
{
    if (lockq->fd >= 0)
        close(lockq->fd);
    lockq->fd = -1;
    lockq->state = APART;
    lockq->out.size = lockq->sent = 0;
    requests_on_drop(&lockq->requests);
    msgpack_unpacker_destroy(&lockq->in);
    msgpack_unpacker_init(&lockq->in, IN_SIZE);
    lockq->pause_ms = lockq->pause_ms == 0 ? PAUSE_FIRST_MS : lockq->pause_ms * 2;
    if (lockq->pause_ms > PAUSE_MOST_MS)
        lockq->pause_ms = PAUSE_MOST_MS;
    lockq->retry_at = handle_now_ms() + lockq->pause_ms;
}

/* There is no session now, for a reason that may pass: the next attempt is later. */
static int try_later(struct lockq *lockq, int status)
{
    drop(lockq);
    return lockq->fails_at_once && !lockq->was_ready ? handle_give_up(lockq, status) : LOCKQ_OK;
}

/* The connection is gone or did not come about. */
static int on_drop(struct lockq *lockq, int error)
{
    if (error == EACCES || error == EPERM)
        return try_later(lockq, handle_fail(lockq, LOCKQ_DENIED, "%s is not open to this user: %s",
                                            lockq->address, strerror(error)));
    return try_later(lockq, handle_fail(lockq, LOCKQ_E_CONNECT, "no daemon answers at %s%s%s",
                                        lockq->address, error != 0 ? ": " : "",
                                        error != 0 ? strerror(error) : ""));
}

static void put(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str_with_body(packer, text, strlen(text));
}

static void pack_hello(struct lockq *lockq)
{
    msgpack_packer packer;

    msgpack_packer_init(&packer, &lockq->out, msgpack_sbuffer_write);
    requests_pack_head(&packer, HELLO_ID, "hello");
    msgpack_pack_map(&packer, lockq->client[0] != '\0' ? 3 : 2);
    if (lockq->client[0] != '\0') {
        put(&packer, "client");
        put(&packer, lockq->client);
    }
    put(&packer, "namespace");
    put(&packer, lockq->name_space);
    if (lockq->session == 0) {
        put(&packer, "grace");
        msgpack_pack_int64(&packer, lockq->grace_ms);
        return;
    }
    put(&packer, "resume");
    msgpack_pack_map(&packer, 2);
    put(&packer, "session");
    msgpack_pack_uint64(&packer, lockq->session);
    put(&packer, "secret");
    put(&packer, lockq->secret);
}

static int begin_connect(struct lockq *lockq)
{
    lockq->owner = getpid();
    lockq->fd = address_connect(lockq->address);
    if (lockq->fd < 0 && errno == 0)
        return handle_give_up(lockq, handle_fail(lockq, LOCKQ_E_ADDRESS,
                                                 "no address: %s (unix:/path or "
                                                 "tcp:host:port)",
                                                 lockq->address));
    if (lockq->fd < 0)
        return on_drop(lockq, errno);
    lockq->state = CONNECTING;
    pack_hello(lockq);
    return LOCKQ_OK;
}

/* Whether a connection that was begun has come about. */
static int end_connect(struct lockq *lockq)
{
    struct pollfd ready = {lockq->fd, POLLOUT, 0};
    int error = 0;
    socklen_t n = sizeof error;

    if (poll(&ready, 1, 0) <= 0)
        return LOCKQ_OK;
    getsockopt(lockq->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error != 0)
        return on_drop(lockq, error);
    lockq->state = GREETING;
    return LOCKQ_OK;
}

/* --- messages -------------------------------------------------------------------------------- */

static void copy_text(const msgpack_object *text, char *to, size_t size)
{
    to[0] = '\0';
    if (text != NULL && text->type == MSGPACK_OBJECT_STR)
        snprintf(to, size, "%.*s", (int)text->via.str.size, text->via.str.ptr);
}

static uint64_t number(const msgpack_object *object)
{
    return object != NULL && object->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? object->via.u64 : 0;
}

/* "code: sentence" */
static int status_of(struct lockq *lockq, const msgpack_object *error)
{
    char code[32];
    size_t n;

    copy_text(error, lockq->why, sizeof lockq->why);
    n = strcspn(lockq->why, ":");
    snprintf(code, sizeof code, "%.*s", (int)(n < sizeof code ? n : 0), lockq->why);
    for (int status = LOCKQ_OK + 1; status <= LOCKQ_PARSE; status++) {
        if (strcmp(code, lockq_status_name(status)) != 0)
            continue;
        n += strspn(lockq->why + n, ": ");
        memmove(lockq->why, lockq->why + n, strlen(lockq->why + n) + 1);
        return status;
    }
    return LOCKQ_E_PROTOCOL;
}

/* The session that is over owned nothing: another one will do. */
static int begin_anew(struct lockq *lockq)
{
    drop(lockq);
    lockq->session = 0;
    lockq->retry_at = handle_now_ms();
    return LOCKQ_OK;
}

static int on_greeted(struct lockq *lockq, const msgpack_object *error,
                      const msgpack_object *result)
{
    if (error->type != MSGPACK_OBJECT_NIL) {
        int status = status_of(lockq, error);
        if (status == LOCKQ_UNAVAILABLE || status == LOCKQ_GOING_AWAY || status == LOCKQ_OVER_LIMIT)
            return try_later(lockq, status);
        if (status != LOCKQ_NO_SESSION)
            return handle_give_up(lockq, status);
        if (owned_is_empty(&lockq->owned) && !requests_may_own(&lockq->requests))
            return begin_anew(lockq);
        return handle_give_up(lockq,
                              handle_fail(lockq, LOCKQ_E_LOST,
                                          "the session is over: the daemon at %s was away for "
                                          "longer than its grace",
                                          lockq->address));
    }
    lockq->session = number(lockq_field(result, "session"));
    copy_text(lockq_field(result, "secret"), lockq->secret, sizeof lockq->secret);
    if (lockq->session == 0)
        return handle_give_up(
            lockq, handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address));
    lockq->state = READY;
    lockq->was_ready = true;
    lockq->pause_ms = 0;
    requests_on_connected(&lockq->requests, &lockq->out);
    if (lockq->connected != NULL)
        lockq->connected(lockq, lockq->connected_context);
    return LOCKQ_OK;
}

/* Keeps what the session owns. */
static void note_view(struct lockq *lockq, const msgpack_object *result, bool ties)
{
    const msgpack_object *state = lockq_field(result, "state");
    struct lockq_view view;

    if (state == NULL || !lockq_view_of(result, &view) || view.op[0] == '\0')
        return;
    if (view.state == LOCKQ_ENDED)
        owned_remove(&lockq->owned, view.op);
    else if (ties)
        owned_add(&lockq->owned, view.op);
}

static int on_response(struct lockq *lockq, const msgpack_object *parts)
{
    int status;

    if (parts[1].type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return handle_give_up(
            lockq, handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address));
    if (parts[1].via.u64 == HELLO_ID)
        return on_greeted(lockq, &parts[2], &parts[3]);
    status = parts[2].type == MSGPACK_OBJECT_NIL ? LOCKQ_OK : status_of(lockq, &parts[2]);
    if (parts[1].via.u64 == UINT32_MAX) /* an error that belongs to no request */
        return handle_give_up(lockq, status);
    if (status == LOCKQ_OK)
        note_view(lockq, &parts[3], requests_ties(&lockq->requests, parts[1].via.u64));
    requests_answer(&lockq->requests, lockq, parts[1].via.u64, status,
                    status == LOCKQ_OK ? &parts[3] : NULL);
    return LOCKQ_OK;
}

static int on_message(struct lockq *lockq)
{
    const msgpack_object *message = &lockq->message.data, *parts;
    char method[32];

    if (message->type != MSGPACK_OBJECT_ARRAY || message->via.array.size < 3)
        return handle_give_up(
            lockq, handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address));
    parts = message->via.array.ptr;
    if (message->via.array.size == 4 && number(&parts[0]) == 1)
        return on_response(lockq, parts);
    copy_text(&parts[1], method, sizeof method);
    if (parts[2].type != MSGPACK_OBJECT_ARRAY || parts[2].via.array.size != 1)
        return LOCKQ_OK;
    note_view(lockq, &parts[2].via.array.ptr[0], false);
    if (lockq->news != NULL)
        lockq->news(lockq, method, &parts[2].via.array.ptr[0], lockq->news_context);
    return LOCKQ_OK;
}

static int take_messages(struct lockq *lockq)
{
    int status = LOCKQ_OK;

    while (status == LOCKQ_OK && lockq->state != APART) {
        msgpack_unpack_return got = msgpack_unpacker_next(&lockq->in, &lockq->message);
        if (got == MSGPACK_UNPACK_CONTINUE)
            break;
        if (got != MSGPACK_UNPACK_SUCCESS)
            return handle_give_up(
                lockq, handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address));
        status = on_message(lockq);
    }
    return status;
}

/* --- reading and writing --------------------------------------------------------------------- */

static int read_some(struct lockq *lockq)
{
    for (;;) {
        ssize_t n;
        if (msgpack_unpacker_message_size(&lockq->in) > MESSAGE_MOST)
            return handle_give_up(lockq,
                                  handle_fail(lockq, LOCKQ_E_PROTOCOL,
                                              "%s sends a message without end", lockq->address));
        if (!msgpack_unpacker_reserve_buffer(&lockq->in, IN_SIZE))
            abort();
        n = recv(lockq->fd, msgpack_unpacker_buffer(&lockq->in), IN_SIZE, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return LOCKQ_OK;
        if (n <= 0)
            return on_drop(lockq, n == 0 ? 0 : errno);
        msgpack_unpacker_buffer_consumed(&lockq->in, (size_t)n);
        int status = take_messages(lockq);
        if (status != LOCKQ_OK || lockq->state == APART)
            return status;
    }
}

static int write_some(struct lockq *lockq)
{
    while (lockq->sent < lockq->out.size) {
        ssize_t n = send(lockq->fd, lockq->out.data + lockq->sent, lockq->out.size - lockq->sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return LOCKQ_OK;
        if (n < 0)
            return on_drop(lockq, errno);
        lockq->sent += (size_t)n;
    }
    lockq->out.size = lockq->sent = 0;
    return LOCKQ_OK;
}

int link_process(struct lockq *lockq)
{
    int status = LOCKQ_OK;

    if (lockq->state == APART && handle_now_ms() >= lockq->retry_at)
        status = begin_connect(lockq);
    if (status == LOCKQ_OK && lockq->state == CONNECTING)
        status = end_connect(lockq);
    if (status == LOCKQ_OK && lockq->state >= GREETING)
        status = write_some(lockq);
    if (status == LOCKQ_OK && lockq->state >= GREETING)
        status = read_some(lockq);
    if (status == LOCKQ_OK && lockq->state >= GREETING)
        status = write_some(lockq);
    return status;
}
