#include "handle.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HELLO_ID       0u
#define PAUSE_FIRST_MS 20
#define PAUSE_MOST_MS  2000
#define IN_SIZE        65536
#define MESSAGE_MOST   ((size_t)64 * 1024 * 1024) /* no daemon can be set to send more */
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

/* --- life ------------------------------------------------------------------------------------ */

static const char *either(const char *given, const char *variable, const char *usual)
{
    const char *value = getenv(variable);

    if (given != NULL)
        return given;
    return value != NULL && value[0] != '\0' ? value : usual;
}

struct lockq *lockq_open(const struct lockq_options *options)
{
    static const struct lockq_options usual;
    struct lockq *lockq = calloc(1, sizeof *lockq);

    if (lockq == NULL)
        return NULL;
    if (options == NULL)
        options = &usual;
    if (options->address != NULL)
        snprintf(lockq->address, sizeof lockq->address, "%s", options->address);
    else
        address_default(lockq->address);
    snprintf(lockq->name_space, sizeof lockq->name_space, "%s",
             either(options->name_space, "LOCKQ_NAMESPACE", "default"));
    snprintf(lockq->client, sizeof lockq->client, "%s",
             options->client == NULL ? "" : options->client);
    lockq->grace_ms = options->grace_ms == 0             ? GRACE_USUAL_MS
                      : options->grace_ms == LOCKQ_UNSET ? 0
                                                         : options->grace_ms;
    lockq->fails_at_once = options->fails_at_once;
    lockq->fd = -1;
    lockq->last = &lockq->first;
    if (getrandom(&lockq->op_seed, sizeof lockq->op_seed, 0) != sizeof lockq->op_seed)
        lockq->op_seed = (uint64_t)handle_now_ms() << 20 ^ (uint64_t)getpid();
    msgpack_sbuffer_init(&lockq->out);
    msgpack_unpacker_init(&lockq->in, IN_SIZE);
    msgpack_unpacked_init(&lockq->message);
    msgpack_unpacked_init(&lockq->kept);
    return lockq;
}

static void free_request(struct request *request)
{
    free(request->bytes);
    free(request);
}

void lockq_close(struct lockq *lockq)
{
    if (lockq == NULL)
        return;
    if (lockq->fd >= 0)
        close(lockq->fd);
    while (lockq->first != NULL) {
        struct request *next = lockq->first->next;
        free_request(lockq->first);
        lockq->first = next;
    }
    msgpack_sbuffer_destroy(&lockq->out);
    msgpack_unpacker_destroy(&lockq->in);
    msgpack_unpacked_destroy(&lockq->message);
    msgpack_unpacked_destroy(&lockq->kept);
    free(lockq);
}

/* --- requests -------------------------------------------------------------------------------- */

static void put(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str_with_body(packer, text, strlen(text));
}

static void pack_head(msgpack_packer *packer, uint32_t id, const char *method)
{
    msgpack_pack_array(packer, 4);
    msgpack_pack_int(packer, 0);
    msgpack_pack_uint32(packer, id);
    put(packer, method);
    msgpack_pack_array(packer, 1);
}

uint32_t handle_send(struct lockq *lockq, const char *method, const struct lockq_params *params,
                     lockq_answer *answer, void *context)
{
    struct request *request = calloc(1, sizeof *request);
    msgpack_sbuffer bytes;
    msgpack_packer packer;

    if (request == NULL)
        abort();
    do
        request->id = ++lockq->next_id;
    while (request->id == HELLO_ID || request->id == UINT32_MAX);
    request->answer = answer;
    request->context = context;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    pack_head(&packer, request->id, method);
    msgpack_pack_map(&packer, params == NULL ? 0 : params->pairs);
    if (params != NULL)
        msgpack_sbuffer_write(&bytes, params->bytes.data, params->bytes.size);
    request->size = bytes.size;
    request->bytes = msgpack_sbuffer_release(&bytes);
    *lockq->last = request;
    lockq->last = &request->next;
    if (lockq->state == READY)
        msgpack_sbuffer_write(&lockq->out, request->bytes, request->size);
    return request->id;
}

static struct request *take_request(struct lockq *lockq, uint64_t id)
{
    for (struct request **at = &lockq->first; *at != NULL; at = &(*at)->next) {
        struct request *found = *at;
        if (found->id != id)
            continue;
        *at = found->next;
        if (lockq->last == &found->next)
            lockq->last = at;
        return found;
    }
    return NULL;
}

void handle_forget(struct lockq *lockq, uint32_t id)
{
    struct request *request = take_request(lockq, id);
    if (request != NULL)
        free_request(request);
}

/* Every request under way fails. */
static void fail_all(struct lockq *lockq, int status)
{
    while (lockq->first != NULL) {
        struct request *request = take_request(lockq, lockq->first->id);
        if (request->answer != NULL)
            request->answer(lockq, status, NULL, request->context);
        free_request(request);
    }
}

/* --- connecting ------------------------------------------------------------------------------ */

static int give_up(struct lockq *lockq, int status)
{
    lockq->is_useless = true;
    lockq->useless_status = status;
    fail_all(lockq, status);
    return status;
}

static void drop(struct lockq *lockq)
{
    if (lockq->fd >= 0)
        close(lockq->fd);
    lockq->fd = -1;
    lockq->state = APART;
    lockq->out.size = lockq->sent = 0;
    msgpack_unpacker_destroy(&lockq->in);
    msgpack_unpacker_init(&lockq->in, IN_SIZE);
    lockq->pause_ms = lockq->pause_ms == 0 ? PAUSE_FIRST_MS : lockq->pause_ms * 2;
    if (lockq->pause_ms > PAUSE_MOST_MS)
        lockq->pause_ms = PAUSE_MOST_MS;
    lockq->retry_at = handle_now_ms() + lockq->pause_ms;
}

/* The connection is gone or did not come about. */
static int on_drop(struct lockq *lockq, int error)
{
    int status = handle_fail(lockq, LOCKQ_E_CONNECT, "no daemon answers at %s%s%s", lockq->address,
                             error != 0 ? ": " : "", error != 0 ? strerror(error) : "");

    drop(lockq);
    return lockq->fails_at_once && lockq->session == 0 ? give_up(lockq, status) : LOCKQ_OK;
}

static void pack_hello(struct lockq *lockq)
{
    msgpack_packer packer;

    msgpack_packer_init(&packer, &lockq->out, msgpack_sbuffer_write);
    pack_head(&packer, HELLO_ID, "hello");
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
    lockq->fd = address_connect(lockq->address);
    if (lockq->fd < 0 && errno == 0)
        return give_up(lockq, handle_fail(lockq, LOCKQ_E_ADDRESS,
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
        memmove(lockq->why, lockq->why + n + 2, strlen(lockq->why + n + 2) + 1);
        return status;
    }
    return LOCKQ_E_PROTOCOL;
}

static int on_greeted(struct lockq *lockq, const msgpack_object *error,
                      const msgpack_object *result)
{
    if (error->type != MSGPACK_OBJECT_NIL) {
        int status = status_of(lockq, error);
        if (status != LOCKQ_NO_SESSION)
            return give_up(lockq, status);
        return give_up(lockq, handle_fail(lockq, LOCKQ_E_LOST,
                                          "the session is over: the daemon at %s was away for "
                                          "longer than its grace",
                                          lockq->address));
    }
    lockq->session = number(lockq_field(result, "session"));
    copy_text(lockq_field(result, "secret"), lockq->secret, sizeof lockq->secret);
    if (lockq->session == 0)
        return give_up(lockq,
                       handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address));
    lockq->state = READY;
    lockq->pause_ms = 0;
    for (struct request *request = lockq->first; request != NULL; request = request->next)
        msgpack_sbuffer_write(&lockq->out, request->bytes, request->size);
    return LOCKQ_OK;
}

static int on_response(struct lockq *lockq, const msgpack_object *parts)
{
    struct request *request;
    int status;

    if (parts[1].type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address);
    if (parts[1].via.u64 == HELLO_ID)
        return on_greeted(lockq, &parts[2], &parts[3]);
    request = take_request(lockq, parts[1].via.u64);
    if (request == NULL) {
        if (parts[1].via.u64 == UINT32_MAX) /* an error that belongs to no request */
            return give_up(lockq, status_of(lockq, &parts[2]));
        return LOCKQ_OK;
    }
    status = parts[2].type == MSGPACK_OBJECT_NIL ? LOCKQ_OK : status_of(lockq, &parts[2]);
    if (request->answer != NULL)
        request->answer(lockq, status, status == LOCKQ_OK ? &parts[3] : NULL, request->context);
    free_request(request);
    return LOCKQ_OK;
}

static int on_message(struct lockq *lockq)
{
    const msgpack_object *message = &lockq->message.data, *parts;
    char method[32];

    if (message->type != MSGPACK_OBJECT_ARRAY || message->via.array.size < 3)
        return give_up(lockq,
                       handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address));
    parts = message->via.array.ptr;
    if (message->via.array.size == 4 && number(&parts[0]) == 1)
        return on_response(lockq, parts);
    copy_text(&parts[1], method, sizeof method);
    if (lockq->news != NULL && parts[2].type == MSGPACK_OBJECT_ARRAY &&
        parts[2].via.array.size == 1)
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
            return give_up(lockq,
                           handle_fail(lockq, LOCKQ_E_PROTOCOL, "%s is no lockqd", lockq->address));
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
            return give_up(lockq, handle_fail(lockq, LOCKQ_E_PROTOCOL,
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

int lockq_process(struct lockq *lockq)
{
    int status = LOCKQ_OK;

    if (lockq->is_useless) {
        fail_all(lockq, lockq->useless_status);
        return lockq->useless_status;
    }
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
        return lockq->first != NULL ? 0 : -1;
    if (lockq->state != APART)
        return -1;
    wait = lockq->retry_at - handle_now_ms();
    return wait < 0 ? 0 : (int)wait;
}

void lockq_send(struct lockq *lockq, const char *method, const struct lockq_params *params,
                lockq_answer *answer, void *context)
{
    handle_send(lockq, method, params, answer, context);
}

void lockq_on_news(struct lockq *lockq, lockq_news *news, void *context)
{
    lockq->news = news;
    lockq->news_context = context;
}

/* --- what it knows --------------------------------------------------------------------------- */

const char *lockq_why(const struct lockq *lockq)
{
    return lockq->why;
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
