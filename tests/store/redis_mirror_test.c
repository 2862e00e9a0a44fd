/*
 * The mirror in Redis: who looks there sees what is held, exactly.
 */
#include "kit.h"
#include "redis_server.h"

static struct store *store;

static int set_up(void **state)
{
    int result = kit_set_up(state);
    store = kit_reopen();
    return result;
}

static int tear_down(void **state)
{
    store->is->close(store);
    return kit_tear_down(state);
}

static struct store_op op(int64_t ticket, const char *id, const char *keys, const char *shared)
{
    struct store_op row = kit_op(ticket);

    row.id = slice_of(id);
    row.keys = keys == NULL ? (struct slice){0} : slice_of(keys);
    row.shared = shared == NULL ? (struct slice){0} : slice_of(shared);
    return row;
}

static void put(struct store_op row)
{
    kit_put(store, STORE_PUT, row, 0); /* the hashes do not matter here */
}

static void end(int64_t ticket)
{
    struct store_op row = op(ticket, "gone", NULL, NULL);

    row.state = 2;
    put(row);
}

static bool is_held(const char *model, const char *id)
{
    return redis_server_tell("SISMEMBER locked:%s %s", model, id) == 1;
}

static void assert_holder(const char *model, const char *id, const char *expected)
{
    redisReply *reply = redis_server_ask("HGET locked-by:%s %s", model, id);

    if (expected == NULL)
        assert_int_equal(reply->type, REDIS_REPLY_NIL);
    else
        assert_string_equal(reply->str, expected);
    freeReplyObject(reply);
    assert_int_equal(is_held(model, id), expected != NULL);
}

static void what_is_granted_is_there_and_what_waits_is_not(void **state)
{
    struct store_op waiting = op(2, "b", "[\"Project/26\"]", NULL);

    (void)state;
    waiting.state = 0;
    put(op(1, "a", "[\"Project/25\",\"Task/x\"]", NULL));
    put(waiting);
    assert_holder("Project", "25", "a");
    assert_holder("Task", "x", "a");
    assert_holder("Project", "26", NULL);
    end(1);
    assert_holder("Project", "25", NULL);
    assert_int_equal(redis_server_tell("EXISTS locked:Project locked-by:Project lockq:mirror"), 0);
    waiting.state = 1;
    put(waiting);
    assert_holder("Project", "26", "b");
    kit_put(store, STORE_REMOVE, waiting, 0);
    assert_holder("Project", "26", NULL);
}

static void only_keys_of_two_segments_are_shown_decoded(void **state)
{
    (void)state;
    put(op(1, "a",
           "[\"Project\",\"Project/25/Task/88\",\"\",\"File/a%2Fb\",\"File/50%25\","
           "\"Q\\\"/\\u0001\\\\\"]",
           NULL));
    assert_int_equal(redis_server_tell("EXISTS locked:Project"), 0);
    assert_holder("File", "a/b", "a");
    assert_holder("File", "50%", "a");
    assert_holder("Q\"", "\x01\\", "a");
    assert_int_equal(redis_server_tell("SCARD lockq:mirror"), 2);
}

static void shared_holders_are_counted(void **state)
{
    (void)state;
    put(op(1, "a", NULL, "[\"Project/25\"]"));
    put(op(2, "b", NULL, "[\"Project/25\"]"));
    put(op(3, "c", NULL, "[\"Project/25\"]"));
    assert_holder("Project", "25", "a");
    end(2);
    assert_holder("Project", "25", "a");
    end(1);
    assert_holder("Project", "25", "c");
    end(3);
    assert_holder("Project", "25", NULL);
}

static void keys_come_and_go_with_extend_and_release(void **state)
{
    (void)state;
    put(op(1, "a", "[\"P/1\",\"P/2\"]", NULL));
    put(op(1, "a", "[\"P/2\",\"P/3\"]", "[\"P/4\"]"));
    assert_holder("P", "1", NULL);
    assert_holder("P", "2", "a");
    assert_holder("P", "3", "a");
    assert_holder("P", "4", "a");
    put(op(1, "a", "[\"P/4\"]", NULL));
    assert_int_equal(redis_server_tell("SCARD locked:P"), 1);
    assert_holder("P", "4", "a");
}

static void handed_over_within_one_commit_it_stays_held(void **state)
{
    struct store_op_record records[2] = {{STORE_PUT, op(1, "a", NULL, NULL)},
                                         {STORE_PUT, op(2, "b", "[\"P/1\"]", NULL)}};
    struct store_batch batch = {.ops = records, .n_ops = 2};

    (void)state;
    records[0].op.state = 2;
    put(op(1, "a", "[\"P/1\"]", NULL));
    assert_int_equal(store->is->commit(store, &batch).status, STORE_OK);
    assert_holder("P", "1", "b");
}

static void namespaces_are_apart_and_no_two_names_meet(void **state)
{
    struct store_op row = op(1, "a", "[\"P/1\"]", NULL);

    (void)state;
    row.ns = SLICE("shop");
    put(row);
    put(op(2, "b", "[\"shop:P/2\"]", NULL));
    assert_holder("shop:P", "1", "a");
    assert_holder("shop:P", "2", NULL);
    assert_holder("shop%3AP", "2", "b");
    assert_int_equal(redis_server_tell("EXISTS locked:P"), 0);
}

/* A JSON array of MANY keys of so many models: MODEL0/id-0, MODEL1/id-1 ... The caller frees. */
enum { MANY = 30000 };
static char *many_keys(const char *model, int n_models)
{
    char *keys = malloc(MANY * 24), *at = keys;

    for (int i = 0; i < MANY; i++)
        at += sprintf(at, "%c\"%s%d/id-%d\"", i == 0 ? '[' : ',', model, i % n_models, i);
    strcpy(at, "]");
    return keys;
}

static void a_thousand_ids_of_many_models_come_and_go_in_pieces(void **state)
{
    char *keys = many_keys("M", 3);

    (void)state;
    put(op(1, "a", keys, NULL));
    assert_int_equal(redis_server_tell("SCARD locked:M0"), MANY / 3);
    assert_int_equal(redis_server_tell("HLEN locked-by:M2"), MANY / 3);
    assert_holder("M1", "id-1", "a");
    end(1);
    assert_int_equal(redis_server_tell("EXISTS locked:M0 locked:M1 locked:M2 locked-by:M0"), 0);
    free(keys);
}

/* What Redis carries out from now on, as a connection hears it. */
static redisContext *watch(void)
{
    redisContext *link = redisConnectUnix(redis_server_url() + strlen("unix:"));

    freeReplyObject(redisCommand(link, "MONITOR"));
    return link;
}

/* Reads up to a PING: a letter for each script and for what they did to two models and to meta. */
static void hear(redisContext *link, char *letters)
{
    static const char *const words[] = {"\"EVALSHA\"", "\"SADD\" \"locked:New", "\"epoch\"",
                                        "\"SREM\" \"locked:Old"};
    redisReply *reply = NULL;
    size_t n = 0;

    redis_server_tell("PING");
    while (redisGetReply(link, (void **)&reply) == REDIS_OK && strstr(reply->str, "PING") == NULL) {
        bool is_script = strstr(reply->str, words[0]) != NULL;
        for (int i = 0; i < 4; i++)
            if (strstr(reply->str, words[i]) != NULL && is_script == (i == 0) &&
                (n == 0 || letters[n - 1] != "(+=-"[i]))
                letters[n++] = "(+=-"[i];
        freeReplyObject(reply);
    }
    freeReplyObject(reply);
    redisFree(link);
    letters[n] = '\0';
}

static void very_many_go_in_several_scripts_and_none_is_seen_as_free_too_early(void **state)
{
    char *old = many_keys("Old", 1), *new = many_keys("New", 1), letters[1000];
    struct store_op_record records[2] = {{STORE_PUT, op(1, "a", NULL, NULL)},
                                         {STORE_PUT, op(2, "b", new, NULL)}};
    struct store_batch batch = {.meta = {.epoch = 1}, .ops = records, .n_ops = 2};
    redisContext *link;

    (void)state;
    put(op(1, "a", old, NULL));
    records[0].op.state = 2;
    link = watch();
    assert_int_equal(store->is->commit(store, &batch).status, STORE_OK);
    hear(link, letters);
    /* Those that come, 10,000 at a time; the rows, with the first that go; the others that go. */
    assert_string_equal(letters, "(+(+(+(=-(-(-");
    assert_int_equal(redis_server_tell("SCARD locked:New0"), MANY);
    assert_int_equal(redis_server_tell("HLEN locked-by:New0"), MANY);
    assert_int_equal(redis_server_tell("EXISTS locked:Old0 locked-by:Old0"), 0);
    assert_int_equal(redis_server_tell("SCARD lockq:mirror"), 1);
    free(old);
    free(new);
}

static void very_many_are_put_right_at_open(void **state)
{
    char *keys = many_keys("M", 1);

    (void)state;
    kit_put(store, STORE_PUT, op(1, "a", keys, NULL), 0);
    redis_server_tell("DEL locked-by:M0");
    redis_server_tell("EVAL %s 0",
                      "for i = 0, 39999 do redis.call('SADD', 'locked:M0', 'x' .. i) end");
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(redis_server_tell("SCARD locked:M0"), MANY);
    assert_int_equal(redis_server_tell("HLEN locked-by:M0"), MANY);
    assert_holder("M0", "id-29999", "a");
    free(keys);
}

static void any_byte_may_be_in_a_name(void **state)
{
    (void)state;
    kit_put(store, STORE_PUT, op(1, "a", "[\"P/1\",\"P\\u0000Q/2\",\"P/\\u0000\"]", NULL), 0);
    store->is->close(store);
    store = kit_reopen();
    assert_holder("P", "1", "a");
    assert_int_equal(redis_server_tell("SCARD locked:P"), 2);
    assert_int_equal(redis_server_tell("EVAL %s 0",
                                       "return redis.call('SISMEMBER', 'locked:P\\0Q', '2') +"
                                       "redis.call('SISMEMBER', 'locked:P', '\\0')"),
                     2);
}

static void it_is_put_right_at_open(void **state)
{
    struct store_op row = op(1, "a", "[\"Project/25\",\"P/1\"]", "[\"P/2\"]");

    (void)state;
    kit_put(store, STORE_PUT, row, 0);
    redis_server_tell("SREM locked:P 1");
    redis_server_tell("HSET locked-by:P 2 nobody 7 nobody");
    redis_server_tell("SADD locked:P 7 8");
    redis_server_tell("SADD locked:Gone 1");
    redis_server_tell("SADD lockq:mirror Gone");
    redis_server_tell("DEL locked:Project");
    store->is->close(store);
    store = kit_reopen();
    assert_holder("Project", "25", "a");
    assert_holder("P", "1", "a");
    assert_holder("P", "2", "a");
    assert_holder("P", "7", NULL);
    assert_int_equal(redis_server_tell("SCARD locked:P"), 2);
    assert_int_equal(redis_server_tell("HLEN locked-by:P"), 2);
    assert_int_equal(redis_server_tell("EXISTS locked:Gone"), 0);
    assert_int_equal(redis_server_tell("SCARD lockq:mirror"), 2);
    end(1);
    assert_int_equal(redis_server_tell("EXISTS locked:P locked-by:P locked:Project"), 0);
}

static void a_name_that_somebody_else_uses_fails_the_commit_and_nothing_of_it_is_there(void **state)
{
    struct store_result result;

    (void)state;
    put(op(1, "a", "[\"P/1\"]", NULL));
    redis_server_tell("SET locked:Q mine");
    result = kit_try(store, STORE_PUT, op(2, "b", "[\"P/2\",\"Q/2\"]", NULL), 0);
    assert_int_equal(result.status, STORE_FAILED);
    assert_non_null(strstr(result.why, "somebody else uses its key locked:Q"));
    assert_int_equal(redis_server_tell("HLEN lockq:ops"), 1);
    assert_holder("P", "2", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_granted_is_there_and_what_waits_is_not),
        TEST(only_keys_of_two_segments_are_shown_decoded),
        TEST(shared_holders_are_counted),
        TEST(keys_come_and_go_with_extend_and_release),
        TEST(handed_over_within_one_commit_it_stays_held),
        TEST(namespaces_are_apart_and_no_two_names_meet),
        TEST(a_thousand_ids_of_many_models_come_and_go_in_pieces),
        TEST(very_many_go_in_several_scripts_and_none_is_seen_as_free_too_early),
        TEST(very_many_are_put_right_at_open),
        TEST(any_byte_may_be_in_a_name),
        TEST(it_is_put_right_at_open),
        TEST(a_name_that_somebody_else_uses_fails_the_commit_and_nothing_of_it_is_there),
    };

    kind = &kind_redis;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
