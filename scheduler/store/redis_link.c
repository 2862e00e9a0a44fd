#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/redis_store.h"

#define ANSWER_MS 5000 /* without a sign of life the connection is given up */
#define SLOW_MS   1000 /* what takes longer counts as away */

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

bool redis_link_is_open(const struct redis_store *store)
{
    return store->fd >= 0;
}

enum redis_outcome redis_link_open(struct redis_store *store)
{
    store->fd = redis_connect(store);
    if (store->fd < 0)
        return REDIS_AWAY;
    store->reader = redisReaderCreate();
    if (store->reader == NULL)
        memory_exhausted();
    store->reader->maxbuf = 0; /* or it would give back its buffer and need another */
    return REDIS_DONE;
}

void redis_link_close(struct redis_store *store)
{
    if (store->reader != NULL)
        redisReaderFree(store->reader);
    store->reader = NULL;
    if (store->fd >= 0)
        close(store->fd);
    store->fd = -1;
}

static bool is_lost(struct redis_store *store, const char *why)
{
    redis_note(store, REDIS_AWAY, "the connection is lost: %s", why);
    return false;
}

static bool is_sent(struct redis_store *store, struct slice bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(store->fd, bytes.at, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            bytes = (struct slice){bytes.at + n, bytes.n - (uint32_t)n};
        else if (errno == EAGAIN && !redis_wait(store, store->fd, POLLOUT, ANSWER_MS))
            return false;
        else if (errno != EAGAIN && errno != EINTR)
            return is_lost(store, strerror(errno));
    }
    return true;
}

/* Takes in what has come. */
static bool is_read(struct redis_store *store)
{
    char bytes[16384];
    ssize_t n = recv(store->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n == 0)
        return is_lost(store, "closed by Redis");
    if (n < 0)
        return errno == EAGAIN || errno == EINTR || is_lost(store, strerror(errno));
    if (redisReaderFeed(store->reader, bytes, (size_t)n) != REDIS_OK)
        memory_exhausted();
    return true;
}

static redisReply *answer(struct redis_store *store)
{
    void *reply = NULL;

    while (redisReaderGetReply(store->reader, &reply) == REDIS_OK && reply == NULL)
        if (!redis_wait(store, store->fd, POLLIN, ANSWER_MS) || !is_read(store))
            return NULL;
    if (store->reader->err == REDIS_ERR_OOM)
        memory_exhausted();
    if (reply == NULL)
        is_lost(store, store->reader->errstr);
    return reply;
}

redisReply *redis_link_call(struct redis_store *store, struct redis_command *command)
{
    redisReply *reply = is_sent(store, redis_command_bytes(command)) ? answer(store) : NULL;

    if (reply == NULL)
        redis_link_close(store);
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
