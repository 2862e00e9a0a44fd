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

static void a_thousand_ids_of_many_models_come_and_go_in_pieces(void **state)
{
    enum { MANY = 30000 };
    char *keys = malloc(MANY * 24), *at = keys;

    (void)state;
    for (int i = 0; i < MANY; i++)
        at += sprintf(at, "%c\"M%d/id-%d\"", i == 0 ? '[' : ',', i % 3, i);
    strcpy(at, "]");
    put(op(1, "a", keys, NULL));
    assert_int_equal(redis_server_tell("SCARD locked:M0"), MANY / 3);
    assert_int_equal(redis_server_tell("HLEN locked-by:M2"), MANY / 3);
    assert_holder("M1", "id-1", "a");
    end(1);
    assert_int_equal(redis_server_tell("EXISTS locked:M0 locked:M1 locked:M2 locked-by:M0"), 0);
    free(keys);
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
        TEST(it_is_put_right_at_open),
        TEST(a_name_that_somebody_else_uses_fails_the_commit_and_nothing_of_it_is_there),
    };

    kind = &kind_redis;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
