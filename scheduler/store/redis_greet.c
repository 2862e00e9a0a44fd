/*
 * From nothing to a connection that may be used: connected, signed in, the database chosen, the
 * scripts known, and a Redis that keeps its word.
 *
 * Asked anew at each connection, and whenever the owner key is renewed: somebody may have changed
 * Redis meanwhile. What can lose answers is refused in one line that says what to set.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/redis_script.h"
#include "store/redis_store.h"

#define REDIS_LEAST_VERSION 7
#define REWRITE_LOOK_MS     5

/* --- signing in ------------------------------------------------------------------------------ */

/* Asks, judges and throws the answer away. */
static enum redis_outcome is_told(struct redis_store *store, redisReply *reply)
{
    enum redis_outcome outcome = redis_link_judge(store, reply);

    freeReplyObject(reply);
    return outcome;
}

static enum redis_outcome sign_in(struct redis_store *store)
{
    const struct redis_address *address = &store->address;
    enum redis_outcome outcome = REDIS_DONE;
    char db[16];

    snprintf(db, sizeof db, "%d", address->db);
    if (address->user[0] != '\0')
        outcome =
            is_told(store, redis_link_ask(store, "AUTH", address->user, address->password, NULL));
    else if (address->password[0] != '\0')
        outcome = is_told(store, redis_link_ask(store, "AUTH", address->password, NULL));
    if (outcome == REDIS_DONE && address->db != 0)
        outcome = is_told(store, redis_link_ask(store, "SELECT", db, NULL));
    return outcome;
}

static enum redis_outcome load_script(struct redis_store *store)
{
    redisReply *reply = redis_link_ask(store, "SCRIPT", "LOAD", redis_script_commit, NULL);
    enum redis_outcome outcome = redis_link_judge(store, reply);

    if (outcome == REDIS_DONE)
        snprintf(store->sha, sizeof store->sha, "%s",
                 reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    return outcome;
}

/* --- what INFO says -------------------------------------------------------------------------- */

/* The value of a line "name:value", cut at its end; "" if there is none. */
static const char *value_of(const char *info, const char *name, char *value, size_t size)
{
    size_t n = strlen(name), length;
    const char *at = info;

    while (at != NULL && (strncmp(at, name, n) != 0 || at[n] != ':'))
        at = (at = strchr(at, '\n')) == NULL ? NULL : at + 1;
    at = at == NULL ? "" : at + n + 1;
    length = strcspn(at, "\r\n");
    snprintf(value, size, "%.*s", (int)(length < size ? length : size - 1), at);
    return value;
}

static bool says(const char *info, const char *name, const char *expected)
{
    char value[64];
    return strcmp(value_of(info, name, value, sizeof value), expected) == 0;
}

static uint64_t number_of(const char *info, const char *name)
{
    char value[64];
    return strtoull(value_of(info, name, value, sizeof value), NULL, 10);
}

static void note_free_bytes(struct redis_store *store, const char *info)
{
    uint64_t most = number_of(info, "maxmemory"), used = number_of(info, "used_memory");

    store->free_bytes = most == 0 ? UINT64_MAX : most > used ? most - used : 0;
}

#define OR_UNSAFE " in redis.conf, or allow_unsafe = yes to live with that"

static enum redis_outcome judge_info(struct redis_store *store, const char *info)
{
    char policy[64];

    note_free_bytes(store, info);
    store->has_file = says(info, "aof_enabled", "1");
    value_of(info, "run_id", store->run, sizeof store->run);
    store->is_loading = says(info, "loading", "1");
    if (store->is_loading)
        return redis_note(store, REDIS_AWAY, "it is loading its data");
    if (number_of(info, "redis_version") < REDIS_LEAST_VERSION)
        return redis_note(store, REDIS_FAILED, "it is older than version %d", REDIS_LEAST_VERSION);
    if (says(info, "cluster_enabled", "1"))
        return redis_note(store, REDIS_FAILED,
                          "it is a cluster, and a commit is one step: set cluster-enabled no");
    if (!says(info, "role", "master"))
        return redis_note(store, store->opening == 0 ? REDIS_FAILED : REDIS_AWAY,
                          "it is a replica: name the primary in `redis`");
    if (store->allow_unsafe)
        return REDIS_DONE;
    value_of(info, "maxmemory_policy", policy, sizeof policy);
    if (number_of(info, "maxmemory") > 0 && strcmp(policy, "noeviction") != 0)
        return redis_note(store, REDIS_FAILED,
                          "it evicts keys (%s): set maxmemory-policy noeviction" OR_UNSAFE, policy);
    if (!store->has_file)
        return redis_note(store, REDIS_FAILED,
                          "it has no append-only file: set appendonly yes" OR_UNSAFE);
    return REDIS_DONE;
}

/* --- what CONFIG says ------------------------------------------------------------------------ */

/* Name and value in turns. */
static const char *setting(const redisReply *reply, const char *name)
{
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
        if (strcmp(reply->element[i]->str, name) == 0)
            return reply->element[i + 1]->str;
    return "";
}

static enum redis_outcome judge_config(struct redis_store *store, const redisReply *reply)
{
    const char *sync = setting(reply, "appendfsync");

    if (strcmp(sync, "always") != 0)
        return redis_note(store, REDIS_FAILED,
                          "what it answers is not on its disk (appendfsync %s): set appendfsync "
                          "always" OR_UNSAFE,
                          sync);
    if (strcmp(setting(reply, "no-appendfsync-on-rewrite"), "no") != 0)
        return redis_note(store, REDIS_FAILED,
                          "while it rewrites its file, what it answers is not on its disk: set "
                          "no-appendfsync-on-rewrite no" OR_UNSAFE);
    return REDIS_DONE;
}

static enum redis_outcome check_config(struct redis_store *store)
{
    redisReply *reply;
    enum redis_outcome outcome;

    if (store->allow_unsafe)
        return REDIS_DONE;
    reply = redis_link_ask(store, "CONFIG", "GET", "*append*fsync*", NULL);
    outcome = redis_link_judge(store, reply);
    if (outcome == REDIS_FAILED)
        outcome = redis_note(store, REDIS_FAILED,
                             "it does not tell its appendfsync: permit CONFIG GET, or set "
                             "allow_unsafe = yes to live without");
    else if (outcome == REDIS_DONE)
        outcome = judge_config(store, reply);
    freeReplyObject(reply);
    return outcome;
}

static enum redis_outcome check_info(struct redis_store *store)
{
    redisReply *reply = redis_link_ask(store, "INFO", NULL);
    enum redis_outcome outcome = redis_link_judge(store, reply);

    if (outcome == REDIS_DONE)
        outcome = judge_info(store, reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    return outcome;
}

static enum redis_outcome close_unless_done(struct redis_store *store, enum redis_outcome outcome)
{
    if (outcome != REDIS_DONE)
        redis_link_close(store);
    return outcome;
}

enum redis_outcome redis_look(struct redis_store *store)
{
    enum redis_outcome outcome = check_info(store);

    if (outcome == REDIS_DONE)
        outcome = check_config(store);
    return close_unless_done(store, outcome);
}

enum redis_outcome redis_greet(struct redis_store *store)
{
    enum redis_outcome outcome = redis_link_open(store);

    store->is_loading = false;
    if (outcome == REDIS_DONE)
        outcome = sign_in(store);
    if (outcome == REDIS_DONE)
        outcome = redis_look(store);
    if (outcome == REDIS_DONE)
        outcome = load_script(store);
    return close_unless_done(store, outcome);
}

enum redis_outcome redis_rewrite_file(struct redis_store *store)
{
    redisReply *reply = redis_link_ask(store, "BGREWRITEAOF", NULL);
    enum redis_outcome outcome = redis_link_judge(store, reply);

    if (outcome == REDIS_FAILED && strstr(store->why, "in progress") == NULL)
        redis_note(store, REDIS_FAILED, "it does not rewrite its file: permit BGREWRITEAOF");
    else if (outcome == REDIS_FAILED)
        outcome = REDIS_DONE;
    for (bool is_over = false; outcome == REDIS_DONE && !is_over; poll(NULL, 0, REWRITE_LOOK_MS)) {
        freeReplyObject(reply);
        reply = redis_link_ask(store, "INFO", "persistence", NULL);
        outcome = redis_link_judge(store, reply);
        if (outcome != REDIS_DONE || reply->type != REDIS_REPLY_STRING)
            break;
        is_over = says(reply->str, "aof_rewrite_in_progress", "0") &&
                  says(reply->str, "aof_rewrite_scheduled", "0");
        if (is_over && !says(reply->str, "aof_last_bgrewrite_status", "ok"))
            outcome = redis_note(store, REDIS_FAILED, "it could not rewrite its file: see its log");
    }
    freeReplyObject(reply);
    return outcome;
}
