/*
 * Recovery: the fields of a hash in pieces, put in order here, and their rows in pieces again. So
 * Redis never makes a long answer, and this process keeps only the numbers: 8 bytes a row.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/redis_row.h"
#include "store/redis_script.h"

#define DOING        "recover"
#define ROWS_MAX     256       /* of one answer */
#define BYTES_ENOUGH "1000000" /* after which an answer takes no further row */

struct fields {
    uint64_t *at;
    size_t n, cap;
};

/* What becomes of a row; false: it contradicts what was there before. */
struct taker {
    const struct store_recovery *recovery;
    bool (*take)(struct redis_store *store, struct taker *taker, uint64_t field, struct slice row);
    uint64_t hash;
};

static struct store_result no_answer(struct redis_store *store)
{
    return redis_result(store, STORE_FAILED, DOING, "%s", store->why);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A walk may meet a field twice. */
static void put_in_order(struct fields *fields)
{
    size_t n = 0;

    if (fields->n == 0)
        return;
    qsort(fields->at, fields->n, sizeof *fields->at, by_number);
    for (size_t i = 0; i < fields->n; i++)
        if (n == 0 || fields->at[i] != fields->at[n - 1])
            fields->at[n++] = fields->at[i];
    fields->n = n;
}

static bool add_fields(struct fields *fields, const redisReply *reply)
{
    for (size_t i = 1; i < reply->elements; i++) {
        char *end;
        uint64_t field = strtoull(reply->element[i]->str, &end, 10);
        if (*end != '\0' || field == 0)
            return false;
        if (fields->n == fields->cap) {
            fields->cap = fields->cap == 0 ? 1024 : fields->cap * 2;
            fields->at = memory_resize(fields->at, fields->cap * sizeof *fields->at);
        }
        fields->at[fields->n++] = field;
    }
    return true;
}

static struct store_result find_fields(struct redis_store *store, const char *key,
                                       struct fields *fields)
{
    char cursor[32] = "0";
    struct store_result result = redis_fine();

    do {
        redisReply *reply =
            redis_link_ask(store, "EVAL", redis_script_scan, "1", key, cursor, NULL);
        if (redis_link_judge(store, reply) != REDIS_DONE)
            result = no_answer(store);
        else if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
                 !add_fields(fields, reply))
            result = redis_result(store, STORE_DAMAGED, DOING, "%s has a strange field", key);
        else
            snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        freeReplyObject(reply);
        if (result.status == STORE_OK)
            result = redis_script_renew(store);
    } while (result.status == STORE_OK && strcmp(cursor, "0") != 0);
    put_in_order(fields);
    return result;
}

/* The rows of some fields: as many as go into one answer, but one at least; *n says how many. */
static struct store_result fetch(struct redis_store *store, const char *key, struct taker *taker,
                                 const uint64_t *fields, size_t *n)
{
    struct redis_command command = {.n = 0};
    struct store_result result = redis_fine();
    redisReply *reply;

    redis_command_add_text(&command, "EVAL");
    redis_command_add_text(&command, redis_script_fetch);
    redis_command_add_text(&command, "1");
    redis_command_add_text(&command, key);
    redis_command_add_text(&command, BYTES_ENOUGH);
    for (size_t i = 0; i < *n; i++)
        redis_command_add_number(&command, fields[i]);
    reply = redis_link_call(store, &command);
    redis_command_finish(&command);
    if (redis_link_judge(store, reply) != REDIS_DONE)
        result = no_answer(store);
    else if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 || reply->elements > *n)
        result = redis_result(store, STORE_FAILED, DOING, "it answered what was not asked");
    else
        *n = reply->elements;
    for (size_t i = 0; result.status == STORE_OK && i < *n; i++) {
        const redisReply *row = reply->element[i];
        if (row->type != REDIS_REPLY_STRING ||
            !taker->take(store, taker, fields[i], (struct slice){row->str, (uint32_t)row->len}))
            result = redis_result(store, STORE_DAMAGED, DOING,
                                  "row %" PRIu64 " of %s contradicts the others", fields[i], key);
    }
    freeReplyObject(reply);
    return result;
}

static struct store_result recover_hash(struct redis_store *store, const char *key,
                                        struct taker *taker)
{
    struct fields fields = {.n = 0};
    struct store_result result = find_fields(store, key, &fields);

    for (size_t at = 0, n; result.status == STORE_OK && at < fields.n; at += n) {
        n = fields.n - at < ROWS_MAX ? fields.n - at : ROWS_MAX;
        result = fetch(store, key, taker, fields.at + at, &n);
        if (result.status == STORE_OK)
            result = redis_script_renew(store);
    }
    free(fields.at);
    return result;
}

static bool take_session(struct redis_store *store, struct taker *taker, uint64_t field,
                         struct slice row)
{
    struct store_session session;

    (void)store;
    if (!redis_row_to_session(row, &session) || session.id != field)
        return false;
    taker->hash += store_session_hash(&session);
    return taker->recovery->on_session(taker->recovery->context, &session);
}

static bool take_op(struct redis_store *store, struct taker *taker, uint64_t field,
                    struct slice row)
{
    struct store_op op;

    if (!redis_row_to_op(row, &op) || (uint64_t)op.ticket != field)
        return false;
    taker->hash += store_op_hash(&op);
    if (!taker->recovery->on_op(taker->recovery->context, &op))
        return false;
    redis_mirror_put(&store->mirror, &op);
    return true;
}

struct store_result redis_recover(struct redis_store *store, const struct store_recovery *recovery,
                                  const struct store_meta *meta)
{
    struct taker taker = {recovery, take_session, 0};
    struct store_result result = recover_hash(store, store->sessions_key, &taker);

    taker.take = take_op;
    if (result.status == STORE_OK)
        result = recover_hash(store, store->ops_key, &taker);
    if (result.status == STORE_OK && taker.hash != meta->hash)
        result = redis_result(store, STORE_DAMAGED, DOING,
                              "the state hash differs: its keys were changed or it has lost some");
    return result;
}
