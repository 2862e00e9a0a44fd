#include "store/redis_script.h"

#include <poll.h>
#include <stdio.h>

#define PAUSE_LEAST_MS 20 /* between attempts; doubled each time */
#define PAUSE_MOST_MS  500

const char redis_script_commit[] =
    "local meta = redis.call('HMGET', KEYS[1], 'opening', 'turn')\n"
    "if meta[1] ~= ARGV[1] then\n"
    "  return {'taken', redis.call('GET', KEYS[2]) or 'it has gone again'}\n"
    "end\n"
    "if meta[2] == ARGV[3] then\n"
    /* A write: what a Redis that was killed had not synced yet is synced with it. */
    "  redis.call('HINCRBY', KEYS[1], 'resent', 1)\n"
    "  return {'done'}\n"
    "end\n"
    "if meta[2] ~= ARGV[2] then return {'turn', meta[2] or 'none'} end\n"
    "local types = {HSET='hash', HDEL='hash', SADD='set', SREM='set', SET='string'}\n"
    "local i = 4\n"
    "while ARGV[i] do\n"
    "  local is, must = redis.call('TYPE', ARGV[i + 1]).ok, types[ARGV[i]]\n"
    "  if must and is ~= 'none' and is ~= must then return {'type', ARGV[i + 1], is} end\n"
    "  i = i + 3 + tonumber(ARGV[i + 2])\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'turn', ARGV[3])\n"
    "i = 4\n"
    "while ARGV[i] do\n"
    "  local last = i + 2 + tonumber(ARGV[i + 2])\n"
    "  if last == i + 2 then redis.call(ARGV[i], ARGV[i + 1]) end\n"
    "  for from = i + 3, last, 4000 do\n"
    "    redis.call(ARGV[i], ARGV[i + 1], unpack(ARGV, from, math.min(from + 3999, last)))\n"
    "  end\n"
    "  i = last + 1\n"
    "end\n"
    "return {'done'}\n";

/* ARGV: our instance, what our owner key says, for how many ms; the version; the id of the store as
 * it is known, and as it shall be if there is none; this run of Redis, and whether its file is
 * known to be whole. */
const char redis_script_open[] =
    "local owner = redis.call('GET', KEYS[2])\n"
    "if owner and string.sub(owner, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then\n"
    "  return {'busy', owner}\n"
    "end\n"
    "local meta = redis.call('HMGET', KEYS[1], 'version', 'store', 'run')\n"
    "if ARGV[5] ~= '' and meta[2] ~= ARGV[5] then return {'forgotten', meta[2] or ''} end\n"
    "if meta[1] and meta[1] ~= ARGV[4] then return {'version', meta[1]} end\n"
    "if meta[1] and meta[3] ~= ARGV[7] and ARGV[8] ~= 'whole' then return {'restarted'} end\n"
    "if not meta[1] then\n"
    "  if redis.call('EXISTS', KEYS[1], KEYS[3], KEYS[4]) > 0 then return {'foreign'} end\n"
    "  redis.call('HSET', KEYS[1], 'version', ARGV[4], 'store', ARGV[6], 'turn', '0',\n"
    "             'epoch', '0', 'seq', '0', 'ticket', '0', 'hash', '0')\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'run', ARGV[7])\n"
    "redis.call('HINCRBY', KEYS[1], 'opening', 1)\n"
    "redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])\n"
    "local all = redis.call('HMGET', KEYS[1], 'store', 'opening', 'turn', 'epoch', 'seq',\n"
    "                       'ticket', 'hash')\n"
    "table.insert(all, 1, 'open')\n"
    "return all\n";

const char redis_script_close[] = "if redis.call('HGET', KEYS[1], 'opening') == ARGV[1] then\n"
                                  "  return redis.call('DEL', KEYS[2])\n"
                                  "end\n"
                                  "return 0\n";

const char redis_script_scan[] =
    "local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 200)\n"
    "local fields = {found[1]}\n"
    "for i = 1, #found[2], 2 do fields[#fields + 1] = found[2][i] end\n"
    "return fields\n";

const char redis_script_fetch[] = "local rows, size = {}, 0\n"
                                  "for i = 2, #ARGV do\n"
                                  "  local row = redis.call('HGET', KEYS[1], ARGV[i])\n"
                                  "  rows[#rows + 1] = row\n"
                                  "  size = size + (row and #row or 0)\n"
                                  "  if size >= tonumber(ARGV[1]) then break end\n"
                                  "end\n"
                                  "return rows\n";

/* Whether what was begun renews the owner key; nothing else changes that until it is done. */
static bool renews(const struct redis_store *store)
{
    return store->call_ms - store->renewed_ms >= REDIS_RENEW_MS;
}

static void add_renewal(struct redis_store *store)
{
    redis_command_begin(&store->command, "SET", slice_of(store->owner_key), 3);
    redis_command_add_text(&store->command, store->owner);
    redis_command_add_text(&store->command, "PX");
    redis_command_add_number(&store->command, REDIS_OWNER_MS);
}

void redis_script_begin(struct redis_store *store)
{
    struct redis_command *command = &store->command;

    redis_command_clear(command);
    redis_command_add_text(command, "EVALSHA");
    redis_command_add_text(command, store->sha);
    redis_command_add_text(command, "2");
    redis_command_add_text(command, store->meta_key);
    redis_command_add_text(command, store->owner_key);
    redis_command_add_number(command, store->opening);
    redis_command_add_number(command, store->turn);
    redis_command_add_number(command, store->turn + 1);
    store->n_begun = command->n;
    store->call_ms = redis_now_ms();
    if (renews(store))
        add_renewal(store);
}

/* --- carrying through ------------------------------------------------------------------------ */

static bool is_word(const redisReply *reply, size_t i, const char *word)
{
    return reply->type == REDIS_REPLY_ARRAY && i < reply->elements &&
           reply->element[i]->type == REDIS_REPLY_STRING &&
           strcmp(reply->element[i]->str, word) == 0;
}

static enum redis_outcome judge_commit(struct redis_store *store, const redisReply *reply)
{
    if (is_word(reply, 0, "done"))
        return REDIS_DONE;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2) {
        const char *detail = reply->element[1]->str;
        if (is_word(reply, 0, "taken"))
            return redis_note(store, REDIS_FAILED, "another daemon has taken it over: %s", detail);
        if (is_word(reply, 0, "turn"))
            return redis_note(store, REDIS_FAILED,
                              "it has forgotten or changed what it had (turn %s)", detail);
        if (is_word(reply, 0, "type") && reply->elements == 3)
            return redis_note(store, REDIS_FAILED,
                              "somebody else uses its key %.150s: set redis_prefix", detail);
    }
    return redis_note(store, REDIS_FAILED, "it answered what was not asked");
}

static bool is_unknown_script(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static enum redis_outcome attempt(struct redis_store *store)
{
    enum redis_outcome outcome = !redis_link_is_open(store) ? redis_greet(store)
                                 : renews(store)            ? redis_look(store)
                                                            : REDIS_DONE;
    redisReply *reply;

    if (outcome != REDIS_DONE)
        return outcome;
    reply = redis_link_call(store, &store->command);
    if (is_unknown_script(reply)) { /* somebody flushed them: a new connection loads ours */
        redis_link_close(store);
        outcome = redis_note(store, REDIS_AWAY, "it has forgotten its scripts");
    } else {
        outcome = redis_link_judge(store, reply);
        if (outcome == REDIS_DONE)
            outcome = judge_commit(store, reply);
    }
    freeReplyObject(reply);
    return outcome;
}

/* Waits before another attempt; false: it is to be given up. */
static bool pause_for(const struct redis_store *store, int *pause_ms)
{
    if (!store->has_given_up)
        poll(NULL, 0, *pause_ms);
    *pause_ms = *pause_ms * 2 < PAUSE_MOST_MS ? *pause_ms * 2 : PAUSE_MOST_MS;
    return !store->has_given_up;
}

static enum redis_outcome try_until_known(struct redis_store *store)
{
    int pause_ms = PAUSE_LEAST_MS;
    bool was_open = redis_link_is_open(store);
    enum redis_outcome outcome = attempt(store);

    if (outcome == REDIS_AWAY && was_open && store->is_open) /* Redis may close what is idle */
        outcome = attempt(store);
    while (outcome == REDIS_AWAY && store->is_open) {
        redis_away_begin(store);
        if (!pause_for(store, &pause_ms))
            break;
        outcome = attempt(store);
    }
    return outcome;
}

struct store_result redis_script_carry(struct redis_store *store, const char *doing)
{
    enum redis_outcome outcome;

    store->busy_since_ms = store->call_ms;
    outcome = try_until_known(store);
    if (outcome == REDIS_DONE) {
        store->turn++;
        if (renews(store))
            store->renewed_ms = store->call_ms;
        redis_away_end(store);
    }
    store->busy_since_ms = 0;
    return outcome == REDIS_DONE ? redis_fine()
                                 : redis_result(store, STORE_FAILED, doing, "%s", store->why);
}

struct store_result redis_script_carry_any(struct redis_store *store, const char *doing)
{
    return store->command.n > store->n_begun ? redis_script_carry(store, doing) : redis_fine();
}

struct store_result redis_script_renew(struct redis_store *store)
{
    if (redis_now_ms() - store->renewed_ms < REDIS_RENEW_MS)
        return redis_fine();
    redis_script_begin(store);
    return redis_script_carry(store, "renew");
}
