/*
 * Redis: the store for those who run one.
 *
 * Commits are made on the committer's thread with a connection that this thread waits for, not with
 * hiredis's async half: the thread has nothing else to do, one command is under way at a time, and
 * what is hard here, trying until the outcome of a commit is known, is a loop that way and a state
 * machine the other. (The async half has no deadlines, and the adapter for libuv that comes with it
 * swallows errors.) Of hiredis only the reader of answers is used: its connections crash when
 * memory is short, and copy what they send. Deadlines are our own: sockets are polled in short
 * steps, so that a commit can be given up.
 *
 * While Redis is away (it does not answer, loads, is out of memory, is read-only for now) a commit
 * goes on trying, and nothing is answered. It fails only when trying cannot help: another daemon
 * has the store, it does not have what it had, or it has become one that could lose answers.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/redis_script.h"

#define CLOSE_WITHIN "close store"

struct store_result redis_fine(void)
{
    return (struct store_result){.status = STORE_OK};
}

struct store_result redis_result(const struct redis_store *store, enum store_status status,
                                 const char *doing, const char *format, ...)
{
    struct store_result result = {.status = status};
    va_list arguments;
    int n = snprintf(result.why, sizeof result.why, "%s: %.160s: ", doing, store->where);

    va_start(arguments, format);
    vsnprintf(result.why + n, sizeof result.why - (size_t)n, format, arguments);
    va_end(arguments);
    return result;
}

/* --- the interface --------------------------------------------------------------------------- */

static struct store_result redis_on_idle(struct store *base)
{
    return redis_script_renew((struct redis_store *)base);
}

/* As far as `maxmemory` tells, when the connection was made. */
static uint64_t redis_free_bytes(struct store *base)
{
    return ((struct redis_store *)base)->free_bytes;
}

static void redis_give_up(struct store *base)
{
    ((struct redis_store *)base)->has_given_up = true;
}

/* A clean end: the next daemon need not wait until the owner key is gone. */
static void disown(struct redis_store *store)
{
    char opening[24];

    if (!redis_link_is_open(store) || store->opening == 0)
        return;
    snprintf(opening, sizeof opening, "%llu", (unsigned long long)store->opening);
    freeReplyObject(redis_link_ask(store, "EVAL", redis_script_close, "2", store->meta_key,
                                   store->owner_key, opening, NULL));
}

static void redis_close(struct store *base)
{
    struct redis_store *store = (struct redis_store *)base;

    disown(store);
    redis_link_close(store);
    redis_mirror_finish(&store->mirror);
    redis_command_finish(&store->command);
    buf_finish(&store->row);
    pthread_mutex_destroy(&store->away_lock);
    free(store->prefix);
    free(store->instance);
    free(store->known);
    free(store->meta_key);
    free(store->owner_key);
    free(store->ops_key);
    free(store->sessions_key);
    free(store);
}

static const struct store_interface redis_interface = {
    .backend = "redis",
    .open = redis_open,
    .commit = redis_commit,
    .free_bytes = redis_free_bytes,
    .on_idle = redis_on_idle,
    .is_away = redis_is_away,
    .give_up = redis_give_up,
    .close = redis_close,
};

/* --- making one ------------------------------------------------------------------------------ */

/* Both texts behind one another. */
static char *join(const char *first, const char *second)
{
    size_t n = strlen(first), m = strlen(second) + 1;
    char *text = memory_alloc(n + m);

    memcpy(text, first, n);
    memcpy(text + n, second, m);
    return text;
}

static void show_address(struct redis_store *store)
{
    const struct redis_address *address = &store->address;

    if (address->host[0] == '\0')
        snprintf(store->where, sizeof store->where, "unix:%s", address->path);
    else
        snprintf(store->where, sizeof store->where, "redis://%s:%d", address->host, address->port);
    if (address->db != 0)
        snprintf(store->where + strlen(store->where), 16,
                 address->host[0] == '\0' ? "?db=%d" : "/%d", address->db);
}

static void name_owner(struct redis_store *store)
{
    char host[256] = "";

    gethostname(host, sizeof host - 1);
    snprintf(store->owner, sizeof store->owner, "%.128s host %.255s pid %d", store->instance, host,
             (int)getpid());
}

struct store *store_redis_create(const struct store_redis_config *config)
{
    struct redis_store *store = memory_alloc_zeroed(1, sizeof *store);
    struct siphash_key key = {0};

    store->base.is = &redis_interface;
    redis_url_read(config->url, &store->address);
    if (config->user != NULL)
        snprintf(store->address.user, sizeof store->address.user, "%s", config->user);
    if (config->password != NULL)
        snprintf(store->address.password, sizeof store->address.password, "%s", config->password);
    store->prefix = join(config->prefix, "");
    store->instance = join(config->instance, "");
    store->known = join(config->known, "");
    store->meta_key = join(config->prefix, "lockq:meta");
    store->owner_key = join(config->prefix, "lockq:owner");
    store->ops_key = join(config->prefix, "lockq:ops");
    store->sessions_key = join(config->prefix, "lockq:sessions");
    store->allow_unsafe = config->allow_unsafe;
    store->free_bytes = UINT64_MAX;
    store->fd = -1;
    show_address(store);
    name_owner(store);
    if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
        key.k0 = (uint64_t)redis_now_ms(); /* open will say that there are no random numbers */
    redis_mirror_init(&store->mirror, key, slice_of(store->prefix));
    pthread_mutex_init(&store->away_lock, NULL);
    return &store->base;
}

const char *store_redis_id(const struct store *base)
{
    return ((const struct redis_store *)base)->id;
}
