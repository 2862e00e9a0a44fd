/*
 * Taking the store.
 *
 * The owner key keeps a second daemon out as long as the first renews it. Our own instance's key is
 * taken over at once: the lock of the state directory says that nobody else lives under that name.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "store/redis_script.h"

#define OPEN       "open store"
#define LOADING_MS 60000 /* to wait for a Redis that is just starting */

static struct store_result connect_first(struct redis_store *store)
{
    int64_t begun_ms = redis_now_ms();
    enum redis_outcome outcome;

    store->call_ms = begun_ms;
    while ((outcome = redis_greet(store)) == REDIS_AWAY && store->is_loading &&
           redis_now_ms() - begun_ms < LOADING_MS)
        poll(NULL, 0, 100);
    return outcome == REDIS_DONE ? redis_fine()
                                 : redis_result(store, STORE_FAILED, OPEN, "%s", store->why);
}

static uint64_t number_at(const redisReply *reply, size_t i)
{
    const redisReply *element = reply->element[i];
    return element->type == REDIS_REPLY_STRING ? strtoull(element->str, NULL, 10) : 0;
}

static const char *text_at(const redisReply *reply, size_t i)
{
    return i < reply->elements && reply->element[i]->type == REDIS_REPLY_STRING
               ? reply->element[i]->str
               : "";
}

static struct store_result judge_open(struct redis_store *store, const redisReply *reply,
                                      struct store_meta *meta)
{
    const char *word = reply->type == REDIS_REPLY_ARRAY ? text_at(reply, 0) : "";

    if (strcmp(word, "busy") == 0)
        return redis_result(store, STORE_BUSY, OPEN, "another daemon has it: %s",
                            text_at(reply, 1));
    if (strcmp(word, "forgotten") == 0)
        return redis_result(store, STORE_DAMAGED, OPEN,
                            "it has forgotten what it had: it is not the store %s any more; bring "
                            "its data back, or start with what it has by --forget-backend",
                            store->known);
    if (strcmp(word, "version") == 0)
        return redis_result(store, STORE_DAMAGED, OPEN,
                            "it has version %s, this daemon knows version " REDIS_SCHEMA_VERSION,
                            text_at(reply, 1));
    if (strcmp(word, "open") != 0 || reply->elements != 8)
        return redis_result(store, STORE_DAMAGED, OPEN,
                            "what is there is not of lockq: set "
                            "redis_prefix");
    snprintf(store->id, sizeof store->id, "%s", text_at(reply, 1));
    store->opening = number_at(reply, 2);
    store->turn = number_at(reply, 3);
    *meta = (struct store_meta){number_at(reply, 4), number_at(reply, 5), number_at(reply, 6),
                                number_at(reply, 7)};
    return redis_fine();
}

/* With this write everything that is read later is on Redis's disk: it syncs its whole file. */
static redisReply *ask_for_it(struct redis_store *store, const char *new_id, bool is_whole)
{
    char owner_ms[16];

    snprintf(owner_ms, sizeof owner_ms, "%d", REDIS_OWNER_MS);
    store->renewed_ms = redis_now_ms();
    return redis_link_ask(store, "EVAL", redis_script_open, "4", store->meta_key, store->owner_key,
                          store->ops_key, store->sessions_key, store->instance, store->owner,
                          owner_ms, REDIS_SCHEMA_VERSION, store->known, new_id, store->run,
                          is_whole ? "whole" : "", NULL);
}

/*
 * Redis 7.0 that was killed while it wrote a commit to its file, and starts, forgets that commit
 * but leaves the beginning of it in the file; what is written next closes it, and another start
 * would carry out that half. A daemon that lives sends the same commit again, and then the half
 * does not matter. One that died with Redis left nobody to do that: so the file is written anew
 * when it is not the Redis of the last opening, before anything else is written.
 */
static redisReply *ask_for_it_whole(struct redis_store *store, const char *new_id)
{
    redisReply *reply = ask_for_it(store, new_id, !store->has_file);

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY ||
        strcmp(text_at(reply, 0), "restarted") != 0)
        return reply;
    freeReplyObject(reply);
    return redis_rewrite_file(store) == REDIS_DONE ? ask_for_it(store, new_id, true) : NULL;
}

static struct store_result take(struct redis_store *store, struct store_meta *meta)
{
    char new_id[33];
    uint64_t drawn[2] = {0};
    enum redis_outcome outcome;
    struct store_result result;
    redisReply *reply;

    if (getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return redis_result(store, STORE_FAILED, OPEN, "no random numbers");
    snprintf(new_id, sizeof new_id, "%016" PRIx64 "%016" PRIx64, drawn[0], drawn[1]);
    reply = ask_for_it_whole(store, new_id);
    outcome = redis_link_judge(store, reply);
    result = outcome == REDIS_DONE ? judge_open(store, reply, meta)
                                   : redis_result(store, STORE_FAILED, OPEN, "%s", store->why);
    freeReplyObject(reply);
    return result;
}

struct store_result redis_open(struct store *base, const struct store_recovery *recovery,
                               struct store_meta *meta)
{
    struct redis_store *store = (struct redis_store *)base;
    struct store_result result = connect_first(store);

    if (result.status == STORE_OK)
        result = take(store, meta);
    if (result.status == STORE_OK)
        result = redis_recover(store, recovery, meta);
    if (result.status == STORE_OK)
        result = redis_rebuild_mirror(store);
    redis_away_end(store);
    store->is_open = result.status == STORE_OK;
    return result;
}
