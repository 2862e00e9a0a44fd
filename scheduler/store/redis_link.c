#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "store/redis_store.h"

#define CONNECT_MS 2000
#define ANSWER_MS  5000 /* without a sign of life the connection is given up */
#define SLOW_MS    1000 /* what takes longer counts as away */
#define LOOK_MS    100  /* between looks whether to give up */

int64_t redis_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now); /* a suspended machine counts: others go on meanwhile */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum redis_outcome redis_note(struct redis_store *store, enum redis_outcome outcome,
                              const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(store->why, sizeof store->why, format, arguments);
    va_end(arguments);
    store->why[strcspn(store->why, "\r\n")] = '\0';
    return outcome;
}

/* --- away ------------------------------------------------------------------------------------ */

void redis_away_begin(struct redis_store *store)
{
    pthread_mutex_lock(&store->away_lock);
    memcpy(store->away_why, store->why, sizeof store->away_why);
    pthread_mutex_unlock(&store->away_lock);
    if (store->away_since_ms == 0)
        store->away_since_ms = store->call_ms;
}

void redis_away_end(struct redis_store *store)
{
    store->away_since_ms = 0;
}

bool redis_is_away(struct store *base, struct store_away *away)
{
    struct redis_store *store = (struct redis_store *)base;
    int64_t since_ms = store->away_since_ms, busy_ms = store->busy_since_ms;
    int64_t renewed_ms = store->renewed_ms, now_ms = redis_now_ms();
    char why[REDIS_WHY_MAX];

    if (since_ms != 0) {
        pthread_mutex_lock(&store->away_lock);
        memcpy(why, store->away_why, sizeof why);
        pthread_mutex_unlock(&store->away_lock);
    } else if (busy_ms != 0 && now_ms - busy_ms > SLOW_MS) { /* or its name server is */
        since_ms = busy_ms;
        snprintf(why, sizeof why, "it is slow to answer");
    } else if (now_ms - renewed_ms >= REDIS_OWNER_MS) { /* we slept; it may be another's by now */
        since_ms = renewed_ms;
        snprintf(why, sizeof why, "the owner key has run out");
    } else {
        return false;
    }
    away->ms = (uint64_t)(now_ms - since_ms);
    snprintf(away->why, sizeof away->why, "%.160s: %.255s", store->where, why);
    return true;
}

/* --- the connection -------------------------------------------------------------------------- */

static redisContext *connect_to(const struct redis_address *address)
{
    struct timeval limit = {CONNECT_MS / 1000, CONNECT_MS % 1000 * 1000};

    return address->host[0] == '\0' ? redisConnectUnixWithTimeout(address->path, limit)
                                    : redisConnectWithTimeout(address->host, address->port, limit);
}

enum redis_outcome redis_link_open(struct redis_store *store)
{
    redisContext *link = connect_to(&store->address);

    if (link == NULL)
        return redis_note(store, REDIS_AWAY, "out of memory");
    if (link->err != 0) {
        redis_note(store, REDIS_AWAY, "cannot connect: %s", link->errstr);
        redisFree(link);
        return REDIS_AWAY;
    }
    if (store->address.host[0] != '\0')
        redisEnableKeepAlive(link);
    /* Connecting has its limit from hiredis; from here on limits are kept in wait_for. */
    link->flags &= ~REDIS_BLOCK;
    fcntl(link->fd, F_SETFL, fcntl(link->fd, F_GETFL) | O_NONBLOCK);
    store->link = link;
    return REDIS_DONE;
}

void redis_link_close(struct redis_store *store)
{
    if (store->link != NULL)
        redisFree(store->link);
    store->link = NULL;
}

/* Waits until the socket is ready for `events`, ANSWER_MS at most. */
static bool wait_for(struct redis_store *store, short events)
{
    struct pollfd fd = {.fd = store->link->fd, .events = events};
    int64_t begun_ms = redis_now_ms();

    while (!store->has_given_up && redis_now_ms() - begun_ms <= ANSWER_MS) {
        int n = poll(&fd, 1, LOOK_MS);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR) {
            redis_note(store, REDIS_AWAY, "poll: %s", strerror(errno));
            return false;
        }
    }
    redis_note(store, REDIS_AWAY, "no answer within %d s", ANSWER_MS / 1000);
    return false;
}

static bool is_sent(struct redis_store *store, const struct redis_command *command)
{
    char head[16];
    int n = snprintf(head, sizeof head, "*%u\r\n", command->n), is_done = 0;

    if (redisAppendFormattedCommand(store->link, head, (size_t)n) != REDIS_OK ||
        redisAppendFormattedCommand(store->link, buf_data(&command->body),
                                    buf_size(&command->body)) != REDIS_OK)
        return false;
    while (redisBufferWrite(store->link, &is_done) == REDIS_OK) {
        if (is_done)
            return true;
        if (!wait_for(store, POLLOUT))
            return false;
    }
    return false;
}

static redisReply *answer(struct redis_store *store)
{
    void *reply = NULL;

    while (redisGetReplyFromReader(store->link, &reply) == REDIS_OK && reply == NULL)
        if (!wait_for(store, POLLIN) || redisBufferRead(store->link) != REDIS_OK)
            return NULL;
    return reply;
}

redisReply *redis_link_call(struct redis_store *store, const struct redis_command *command)
{
    redisReply *reply = NULL;

    if (is_sent(store, command))
        reply = answer(store);
    if (reply == NULL) {
        if (store->link->err != 0)
            redis_note(store, REDIS_AWAY, "%s", store->link->errstr);
        redis_link_close(store);
    }
    return reply;
}

redisReply *redis_link_ask(struct redis_store *store, const char *text, ...)
{
    struct redis_command command = {.n = 0};
    redisReply *reply;
    va_list texts;

    va_start(texts, text);
    for (; text != NULL; text = va_arg(texts, const char *))
        redis_command_add_text(&command, text);
    va_end(texts);
    reply = redis_link_call(store, &command);
    redis_command_finish(&command);
    return reply;
}

/* --- answers --------------------------------------------------------------------------------- */

enum redis_outcome redis_link_judge(struct redis_store *store, const redisReply *reply)
{
    /* States of Redis that pass, or that somebody at Redis's side will mend. */
    static const char *const passing[] = {
        "LOADING ",    "BUSY ",       "OOM ",
        "MISCONF ",    "READONLY ",   "MASTERDOWN ",
        "NOREPLICAS ", "UNKILLABLE ", "ERR max number of clients"};

    if (reply == NULL)
        return REDIS_AWAY;
    if (reply->type != REDIS_REPLY_ERROR)
        return REDIS_DONE;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(reply->str, passing[i], strlen(passing[i])) == 0) {
            store->is_loading = i == 0;
            return redis_note(store, REDIS_AWAY, "%s", reply->str);
        }
    return redis_note(store, REDIS_FAILED, "%s", reply->str);
}
