/*
 * The mirror at the beginning: mostly it is as an earlier daemon left it, and right. But one that
 * was killed between two scripts of a commit may have left other things there than what the rows
 * say. So all of it is read, what must go goes, and only what is missing is written.
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
    redis_command_add_text(&command, "1000");
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

/* Looks at one id, and the operation behind it in a hash; removes it if it is not held now. */
static void look_at(struct redis_store *store, struct slice key, struct slice model,
                    const redisReply *const *elements, bool is_hash)
{
    struct slice id = text_of(elements[0]);

    if (is_hash ? redis_mirror_saw_holder(&store->mirror, model, id, text_of(elements[1]))
                : redis_mirror_saw_id(&store->mirror, model, id))
        return;
    redis_command_begin(&store->command, is_hash ? "HDEL" : "SREM", key, 1);
    redis_command_add(&store->command, id);
}

static struct store_result look_at_all(struct redis_store *store, struct slice key, bool is_hash,
                                       struct slice model)
{
    struct store_result result = redis_fine();
    char cursor[32] = "0";
    size_t step = is_hash ? 2 : 1;

    do {
        redisReply *reply = walk(store, is_hash ? "HSCAN" : "SSCAN", key, cursor, &result);
        const redisReply *found = reply == NULL ? NULL : reply->element[1];
        if (found == NULL)
            break;
        redis_script_begin(store);
        for (size_t i = 0; i + step <= found->elements; i += step)
            look_at(store, key, model, (const redisReply *const *)&found->element[i], is_hash);
        freeReplyObject(reply);
        result = redis_script_carry_any(store, DOING);
    } while (result.status == STORE_OK && strcmp(cursor, "0") != 0);
    return result;
}

/* One of a model's keys. Its name is copied: it is asked for again and again. */
static struct store_result look_at_key(struct redis_store *store, const char *which,
                                       struct slice model)
{
    struct buf name = {0};
    struct store_result result;

    buf_append_slice(&name, redis_mirror_key(&store->mirror, which, model));
    result = look_at_all(store, (struct slice){buf_data(&name), (uint32_t)buf_size(&name)},
                         strcmp(which, REDIS_MIRROR_HASH) == 0, model);
    buf_finish(&name);
    return result;
}

static struct store_result look_at_model(struct redis_store *store, struct slice model)
{
    struct store_result result = look_at_key(store, REDIS_MIRROR_SET, model);

    if (result.status == STORE_OK)
        result = look_at_key(store, REDIS_MIRROR_HASH, model);
    if (result.status != STORE_OK || redis_mirror_saw_model(&store->mirror, model))
        return result;
    redis_script_begin(store);
    redis_command_begin(&store->command, "SREM",
                        redis_mirror_key(&store->mirror, REDIS_MIRROR_MODELS, SLICE("")), 1);
    redis_command_add(&store->command, model);
    return redis_script_carry(store, DOING);
}

struct store_result redis_rebuild_mirror(struct redis_store *store)
{
    struct store_result result = redis_fine();
    char cursor[32] = "0";

    do {
        struct slice key = redis_mirror_key(&store->mirror, REDIS_MIRROR_MODELS, SLICE(""));
        redisReply *reply = walk(store, "SSCAN", key, cursor, &result);
        if (reply == NULL)
            break;
        for (size_t i = 0; i < reply->element[1]->elements && result.status == STORE_OK; i++)
            result = look_at_model(store, text_of(reply->element[1]->element[i]));
        freeReplyObject(reply);
    } while (result.status == STORE_OK && strcmp(cursor, "0") != 0);
    return result.status == STORE_OK ? redis_show_held(store, 0, DOING) : result;
}
