/*
 * What every store keeps to, over each of them: what it was given is there again, whole, in order
 * and to the byte, also after a kill; or it says why not. (Memory keeps to the opposite: nothing is
 * there again.)
 */
#include "kit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store_result commit(struct store *store, const struct store_batch *batch)
{
    return store->is->commit(store, batch);
}

static void commit_well(struct store *store, const struct store_batch *batch)
{
    struct store_result result = commit(store, batch);

    if (result.status != STORE_OK)
        fail_msg("%s", result.why);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void a_new_store_is_empty(void **state)
{
    struct store *store = kit_reopen();

    (void)state;
    assert_int_equal(kit_found.n_ops + kit_found.n_sessions, 0);
    assert_true(kit_found.meta.seq == 0 && kit_found.meta.epoch == 0);
    assert_true(kit_found.meta.ticket == 0 && kit_found.meta.hash == 0);
    assert_string_equal(store->is->backend, kind->name);
    store->is->close(store);
}

static void what_was_committed_comes_back(void **state)
{
    struct store_op op = kit_op(2);
    struct store *store;

    (void)state;
    kit_make_two();
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, 2);
    assert_true(kit_found.meta.epoch == 7 && kit_found.meta.seq == 2 && kit_found.meta.ticket == 2);
    assert_string_equal(kit_found.last_keys, "[\"Project/25\",\"File/a%2Fb\"]");
    op.state = 2;
    op.seq = 3;
    op.keys = (struct slice){0};
    kit_put(store, STORE_PUT, op, kit_hash(2));
    kit_put(store, STORE_REMOVE, kit_op(1), kit_hash(1));
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, 1);
    assert_int_equal(kit_found.tickets[0], 2);
    assert_int_equal(kit_found.states[0], 2);
    assert_string_equal(kit_found.last_keys, "");
    store->is->close(store);
}

static void memory_forgets(void **state)
{
    struct store *store;

    (void)state;
    kit_make_two();
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, 0);
    assert_true(kit_found.meta.seq == 0);
    assert_true(store->is->keeps_nothing);
    store->is->close(store);
}

/* Every column at the ends of what it may be: absent, empty, long, with any byte. */
static void every_value_of_every_column_comes_back(void **state)
{
    static char bytes[70000];
    static const int64_t ints[] = {0,         1,        -1,         127,        128,
                                   65535,     65536,    4294967295, 4294967296, 9007199254740993,
                                   INT64_MAX, INT64_MIN};
    const struct slice texts[] = {{NULL, 0},         {"", 0},           {"x", 1},
                                  {bytes + 256, 31}, {bytes + 256, 32}, {bytes + 256, 70000 - 256}};
    const struct slice blobs[] = {{NULL, 0}, {"", 0}, {bytes, 1}, {bytes, 256}, {bytes, 70000}};
    struct store_op_record records[24] = {0};
    struct store_batch batch = {.ops = records, .n_ops = 24};
    struct store *store = kit_reopen();
    unsigned turn = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i < 256 ? (char)i : (char)('a' + i % 26);
    for (int64_t r = 0; r < 24; r++) {
        struct store_op *op = &records[r].op;
#define SET_INT(name)  op->name = ints[(turn++ + r) % (sizeof ints / sizeof *ints)];
#define SET_TEXT(name) op->name = texts[(turn++ + r) % (sizeof texts / sizeof *texts)];
#define SET_BLOB(name) op->name = blobs[(turn++ + r) % (sizeof blobs / sizeof *blobs)];
        STORE_OP_COLUMNS(SET_INT, SET_TEXT, SET_BLOB)
        op->ticket = r + 1;
        op->state = 0; /* or its keys would have to be keys */
        batch.meta.hash += store_op_hash(op);
    }
    batch.meta.epoch = 9007199254740993;
    batch.meta.seq = INT64_MAX;
    batch.meta.ticket = 24;
    commit_well(store, &batch);
    store->is->close(store);
    store = kit_reopen();
    store->is->close(store);
    assert_int_equal(kit_found.n_ops, 24);
    assert_true(kit_found.meta.epoch == 9007199254740993 && kit_found.meta.seq == INT64_MAX);
    for (uint32_t i = 0; i < 24; i++)
        assert_true(kit_found.hashes[i] == store_op_hash(&records[i].op));
}

#define FULLER_N 11 /* more than SQLite writes with one statement, and not twice as many */

static void nothing_is_left_of_rows_that_were_fuller(void **state)
{
    struct store_op_record full[FULLER_N] = {0}, plain[FULLER_N] = {0};
    struct store_batch batch = {.ops = full, .n_ops = FULLER_N};
    struct store *store = kit_reopen();

    (void)state;
    for (int i = 0; i < FULLER_N; i++) {
        struct store_op *op = &full[i].op;
        plain[i].op = *op = kit_op(i + 1);
        op->detached = op->tied = 1;
        op->parent = op->max_hold_ms = op->on_change = op->unchanged_since = op->claimed_by = 7;
        op->payload = op->progress = op->outcome = op->why_ended = op->changed = SLICE("more");
        op->shared = SLICE("[\"Task\"]");
        plain[i].op.meta = (struct slice){NULL, 0};
        batch.meta.hash += store_op_hash(&plain[i].op);
    }
    commit_well(store, &batch);
    batch.ops = plain;
    commit_well(store, &batch);
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, FULLER_N);
    for (int i = 0; i < FULLER_N; i++)
        assert_true(kit_found.hashes[i] == store_op_hash(&plain[i].op));
    store->is->close(store);
}

static void sessions_come_back_before_operations(void **state)
{
    struct store_session_record records[] = {
        {STORE_PUT, {5, 10000, SLICE("default"), SLICE("secret"), SLICE("uid:1")}},
        {STORE_PUT, {INT64_MAX, 0, SLICE("n"), SLICE("s"), SLICE("")}},
        {STORE_PUT, {9007199254740993, 1, SLICE("n"), SLICE("s"), SLICE("p")}}};
    struct store_session_record removal = {STORE_REMOVE, {.id = 5}};
    struct store_op_record op = {STORE_PUT, kit_op(1)};
    struct store_batch batch = {.ops = &op, .n_ops = 1, .sessions = records, .n_sessions = 3};
    struct store *store = kit_reopen();

    (void)state;
    batch.meta.hash = kit_hash(1);
    for (int i = 0; i < 3; i++)
        batch.meta.hash += store_session_hash(&records[i].session);
    commit_well(store, &batch);
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_sessions, 3);
    assert_int_equal(kit_found.n_ops, 1);
    batch.meta.hash -= store_session_hash(&records[0].session);
    batch.sessions = &removal;
    batch.n_sessions = 1;
    batch.n_ops = 0;
    commit_well(store, &batch);
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_sessions, 2);
    store->is->close(store);
}

static void records_of_a_batch_count_in_their_order(void **state)
{
    struct store_op twice = kit_op(1);
    struct store_op_record records[] = {{STORE_PUT, kit_op(1)},    {STORE_PUT, kit_op(2)},
                                        {STORE_REMOVE, kit_op(2)}, {STORE_REMOVE, kit_op(77)},
                                        {STORE_PUT, kit_op(3)},    {STORE_PUT, kit_op(1)}};
    struct store_batch batch = {.ops = records, .n_ops = 6};
    struct store *store = kit_reopen();

    (void)state;
    twice.state = 2;
    records[5].op = twice;
    batch.meta.hash = store_op_hash(&twice) + kit_hash(3);
    commit_well(store, &batch);
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, 2);
    assert_int_equal(kit_found.states[0], 2);
    assert_int_equal(kit_found.tickets[1], 3);
    store->is->close(store);
}

static void a_batch_of_ten_thousand_is_one_step_in_ticket_order(void **state)
{
    enum { MANY = 10000 };
    struct store_op_record *records = calloc(MANY, sizeof *records);
    struct store_batch batch = {.ops = records, .n_ops = MANY};
    struct store *store = kit_reopen();

    (void)state;
    for (int64_t i = 0; i < MANY; i++) {
        records[i] = (struct store_op_record){STORE_PUT, kit_op(1 + i * 7919 % 10007)};
        batch.meta.hash += store_op_hash(&records[i].op);
    }
    commit_well(store, &batch);
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, MANY);
    for (int i = 0; i < MANY; i++)
        records[i].change = STORE_REMOVE;
    batch.meta.hash = 0;
    commit_well(store, &batch);
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, 0);
    store->is->close(store);
    free(records);
}

static void a_commit_of_nothing_is_fine(void **state)
{
    struct store_batch batch = {.meta = {3, 0, 0, 0}};
    struct store *store = kit_reopen();

    (void)state;
    commit_well(store, &batch);
    commit_well(store, &batch);
    assert_int_equal(store->is->on_idle(store).status, STORE_OK);
    store->is->close(store);
    store = kit_reopen();
    assert_true(kit_found.meta.epoch == 3);
    store->is->close(store);
}

static void a_row_that_is_refused_ends_the_opening(void **state)
{
    struct store *store;
    struct store_result result;

    (void)state;
    kit_make_two();
    store = kind->create();
    memset(&kit_found, 0, sizeof kit_found);
    kit_found.refuses = true;
    result = kit_open(store, &kit_found);
    assert_int_equal(result.status, STORE_DAMAGED);
    assert_non_null(strstr(result.why, "contradicts"));
    assert_int_equal(kit_found.n_ops, 1);
    store->is->close(store);
}

static void a_wrong_hash_is_noticed(void **state)
{
    struct store_op_record record = {STORE_PUT, kit_op(1)};
    struct store_batch batch = {.ops = &record, .n_ops = 1};
    struct store *store = kit_reopen();
    struct store_result result;

    (void)state;
    batch.meta.hash = kit_hash(1) + 1;
    commit_well(store, &batch);
    store->is->close(store);
    result = kit_refusal();
    assert_int_equal(result.status, STORE_DAMAGED);
    assert_non_null(strstr(result.why, "state hash differs"));
}

static void a_second_daemon_is_told_that_another_has_it(void **state)
{
    struct store *store = kit_reopen();
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct store *other = kind->create_other();
        _exit(kit_open(other, &kit_found).status == STORE_BUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    kit_put(store, STORE_PUT, kit_op(1), 0);
    store->is->close(store);
}

static void what_a_killed_process_had_said_is_there(void **state)
{
    int64_t last = 0;

    (void)state;
    srand(1);
    for (int kill_number = 0; kill_number < 60; kill_number++) {
        int said, after = 1 + rand() % 20;
        pid_t writer = kit_start_writer(&said);
        struct store *store;
        for (int i = 0; i < after; i++)
            assert_int_equal(read(said, &last, sizeof last), sizeof last);
        kill(writer, SIGKILL);
        while (read(said, &last, sizeof last) == sizeof last)
            ;
        waitpid(writer, NULL, 0);
        close(said);
        store = kit_reopen();
        /* All that was said, and at most the one commit whose word was lost. */
        assert_in_range(kit_found.n_ops, last, last + 1);
        assert_int_equal(kit_found.tickets[kit_found.n_ops - 1], kit_found.n_ops);
        store->is->close(store);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void)
{
    const struct CMUnitTest forgetful[] = {TEST(a_new_store_is_empty), TEST(memory_forgets)};
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_is_empty),
        TEST(what_was_committed_comes_back),
        TEST(every_value_of_every_column_comes_back),
        TEST(nothing_is_left_of_rows_that_were_fuller),
        TEST(sessions_come_back_before_operations),
        TEST(records_of_a_batch_count_in_their_order),
        TEST(a_batch_of_ten_thousand_is_one_step_in_ticket_order),
        TEST(a_commit_of_nothing_is_fine),
        TEST(a_row_that_is_refused_ends_the_opening),
        TEST(a_wrong_hash_is_noticed),
        TEST(a_second_daemon_is_told_that_another_has_it),
        TEST(what_a_killed_process_had_said_is_there),
    };
    int failed;

    kind = &kind_memory;
    failed = cmocka_run_group_tests_name("memory", forgetful, NULL, NULL);
    kind = &kind_sqlite;
    failed += cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
    kind = &kind_redis;
    failed += cmocka_run_group_tests_name("redis", tests, NULL, NULL);
    return failed;
}
