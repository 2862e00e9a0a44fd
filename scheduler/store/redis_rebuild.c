/*
 * The mirror at the beginning: an earlier daemon, or one that was killed between two scripts of a
 * commit, may have left other things there than what the rows say.
 */
#include <stdio.h>

#include "store/redis_script.h"

#define DOING "open store"

/* One piece of a walk over a set or a hash: its elements are those of reply->element[1], and
 * `cursor` is where the next begins. NULL: `result`. */
static redisReply *walk(struct redis_store *store, const char *how, struct slice key,
                        char cursor[32], struct store_result *result)
{
    struct redis_command command = {.n = 0};
    redisReply *reply;

    redis_command_add_text(&command, how);
    redis_command_add(&command, key);
    redis_command_add_text(&command, cursor);
    redis_command_add_text(&command, "COUNT");
    redis_command_add_text(&command, "500");
    reply = redis_link_call(store, &command);
    redis_command_finish(&command);
    if (redis_link_judge(store, reply) == REDIS_DONE && reply->type == REDIS_REPLY_ARRAY &&
        reply->elements == 2 && reply->element[0]->type == REDIS_REPLY_STRING &&
        reply->element[1]->type == REDIS_REPLY_ARRAY) {
        snprintf(cursor, 32, "%s", reply->element[0]->str);
        return reply;
    }
    *result = redis_result(store, STORE_FAILED, DOING, "%s", store->why);
    freeReplyObject(reply);
    return NULL;
}

static struct slice text_of(const redisReply *element)
{
    return (struct slice){element->str, (uint32_t)element->len};
}

/* Removes ids of a model that are not held now. */
static struct store_result clear_ids(struct redis_store *store, struct slice key, bool is_hash,
                                     struct slice model)
{
    struct store_result result = redis_fine();
    char cursor[32] = "0";

    do {
        redisReply *reply = walk(store, is_hash ? "HSCAN" : "SSCAN", key, cursor, &result);
        if (reply == NULL)
            break;
        redis_script_begin(store);
        for (size_t i = 0; i < reply->element[1]->elements; i += is_hash ? 2 : 1) {
            struct slice id = text_of(reply->element[1]->element[i]);
            if (redis_mirror_has(&store->mirror, model, id))
                continue;
            redis_command_begin(&store->command, is_hash ? "HDEL" : "SREM", key, 1);
            redis_command_add(&store->command, id);
        }
        freeReplyObject(reply);
        result = redis_script_carry(store, DOING);
    } while (result.status == STORE_OK && strcmp(cursor, "0") != 0);
    return result;
}

/* The same of one of a model's keys. Its name is copied: it is asked for again and again. */
static struct store_result clear_key(struct redis_store *store, const char *which,
                                     struct slice model)
{
    struct buf name = {0};
    struct store_result result;

    buf_append_slice(&name, redis_mirror_key(&store->mirror, which, model));
    result = clear_ids(store, (struct slice){buf_data(&name), (uint32_t)buf_size(&name)},
                       strcmp(which, REDIS_MIRROR_HASH) == 0, model);
    buf_finish(&name);
    return result;
}

static struct store_result clear_model(struct redis_store *store, struct slice model)
{
    struct store_result result = clear_key(store, REDIS_MIRROR_SET, model);

    if (result.status == STORE_OK)
        result = clear_key(store, REDIS_MIRROR_HASH, model);
    if (result.status != STORE_OK || redis_mirror_has_model(&store->mirror, model))
        return result;
    redis_script_begin(store);
    redis_command_begin(&store->command, "SREM",
                        redis_mirror_key(&store->mirror, REDIS_MIRROR_MODELS, SLICE("")), 1);
    redis_command_add(&store->command, model);
    return redis_script_carry(store, DOING);
}

/* First what is held, then away with what is not: nobody ever sees a held id as free. */
struct store_result redis_rebuild_mirror(struct redis_store *store)
{
    struct store_result result = redis_show_held(store, 0, DOING);
    char cursor[32] = "0";

    while (result.status == STORE_OK) {
        struct slice key = redis_mirror_key(&store->mirror, REDIS_MIRROR_MODELS, SLICE(""));
        redisReply *reply = walk(store, "SSCAN", key, cursor, &result);
        if (reply == NULL)
            break;
        for (size_t i = 0; i < reply->element[1]->elements && result.status == STORE_OK; i++)
            result = clear_model(store, text_of(reply->element[1]->element[i]));
        freeReplyObject(reply);
        if (strcmp(cursor, "0") == 0)
            break;
    }
    return result;
}
