#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/limits.h"
#include "server/pipeline.h"
#include "server/recover.h"
#include "server/row.h"

static struct core *new_core(void)
{
    struct core_config config = {.limits = {.live_ops = 1000000,
                                            .live_ops_per_session = 1000000,
                                            .live_claims = 10000000,
                                            .live_bytes = 1000000,
                                            .namespaces = 10,
                                            .remembered = 1000,
                                            .remembered_ms = 1000000},
                                 .epoch = 7};
    return core_create(&config);
}

/* Submits an operation on these keys, and notes what changed. */
static struct op *submit(struct core *core, struct pipeline *pipeline, const char *id,
                         struct core_key *keys, uint32_t n, int64_t now_ms)
{
    struct event event = {.type = EVENT_SUBMIT,
                          .now_ms = now_ms,
                          .wall_ms = 1000,
                          .ns = SLICE("default"),
                          .op = slice_of(id),
                          .session = 5,
                          .keys = keys,
                          .wait_ms = CORE_FOREVER,
                          .lease_ms = CORE_FOREVER,
                          .claim_in_ms = CORE_FOREVER,
                          .who = SLICE("uid:1"),
                          .why = SLICE("a \"test\""),
                          .payload = SLICE("\xc0")};
    struct outcome outcome;

    event.n_keys = core_normalise(keys, n);
    core_step(core, &event, &outcome);
    assert_int_equal(outcome.status, LOCKQ_OK);
    for (uint32_t i = 0; i < outcome.n_effects; i++)
        pipeline_op_changed(pipeline, outcome.effects[i].op);
    return outcome.op;
}

static void a_row_gives_back_its_operation(void **state)
{
    struct core_key keys[] = {{SLICE("Project/25"), MODE_X},
                              {SLICE("Task/a \"quoted\" \\ key\x01"), MODE_S},
                              {SLICE("Task/%2F,%25"), MODE_X},
                              {SLICE(""), MODE_S}};
    struct core *core = new_core();
    struct store_meta meta = {0};
    struct pipeline pipeline;
    struct arena arena = {0};
    struct core_key *back, key;
    struct store_op row;
    struct op *op, from;
    uint32_t n;

    (void)state;
    pipeline_init(&pipeline, core, &meta, false);
    op = submit(core, &pipeline, "import", keys, 4, 0);
    row_from_op(core, op, &arena, &row);
    assert_true(row_to_op(&row, &arena, &from));
    assert_true(slice_equal(from.id, op->id));
    assert_true(slice_equal(from.why, op->why));
    assert_int_equal(from.token, op->token);
    assert_int_equal(from.state, OP_GRANTED);
    assert_memory_equal(from.content, op->content, sizeof op->content);
    assert_true(row_keys(&row, &arena, &back, &n));
    assert_int_equal(n, op->n_keys + op->n_shared);
    for (uint32_t i = 0; i < n; i++) {
        core_op_keys(core, op, i, &key, 1);
        assert_true(slice_equal(key.path, back[i].path));
        assert_int_equal(key.mode, back[i].mode);
    }
    arena_finish(&arena);
    pipeline_finish(&pipeline);
    core_destroy(core);
}

static void keys_that_no_row_has_are_refused(void **state)
{
    static const char *const wrong[] = {"[",        "[]",       "[\"a\"",        "[\"a]",
                                        "\"a\"",    "[\"a\",]", "[\"\\u00zz\"]", "[\"b\",\"b/c\"]",
                                        "[\"a\"]x", "[\"a\\"};
    struct arena arena = {0};
    struct core_key *keys;
    uint32_t n;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct store_op row = {.keys = slice_of(wrong[i])};
        if (row_keys(&row, &arena, &keys, &n))
            fail_msg("taken: %s", wrong[i]);
    }
    arena_finish(&arena);
}

static void an_operation_is_one_row_however_often_it_changed(void **state)
{
    struct core_key key = {SLICE("A"), MODE_X};
    struct core *core = new_core();
    struct store_meta meta = {0};
    struct pipeline pipeline;
    struct op *op;

    (void)state;
    pipeline_init(&pipeline, core, &meta, false);
    op = submit(core, &pipeline, "one", &key, 1, 0);
    pipeline_op_changed(&pipeline, op);
    pipeline_op_changed(&pipeline, op);
    pipeline_take(&pipeline, 0);
    assert_int_equal(pipeline_commit(&pipeline)->n_ops, 1);
    assert_int_equal(pipeline_commit(&pipeline)->meta.hash, op->driver.row_hash);
    assert_true(pipeline_on_commit(&pipeline));
    assert_false(pipeline_is_in_flight(&pipeline));
    assert_false(pipeline_is_gathering(&pipeline));
    pipeline_finish(&pipeline);
    core_destroy(core);
}

static void a_long_step_goes_in_several_commits_in_the_order_of_seq(void **state)
{
    enum { N = PIPELINE_RECORDS_MAX * 2 + 7 };
    struct core *core = new_core();
    struct store_meta meta = {0};
    struct pipeline pipeline;
    uint64_t last = 0, hash = 0;
    uint32_t n = 0, commits = 0;
    bool done;

    (void)state;
    pipeline_init(&pipeline, core, &meta, false);
    for (int i = 0; i < N; i++) {
        char id[16], path[16];
        struct core_key key;
        snprintf(id, sizeof id, "op-%d", i);
        snprintf(path, sizeof path, "K/%d", i);
        key = (struct core_key){slice_of(path), MODE_X};
        submit(core, &pipeline, id, &key, 1, i);
    }
    pipeline_take(&pipeline, 0);
    do {
        const struct store_batch *commit = pipeline_commit(&pipeline);
        assert_true(commit->n_ops <= PIPELINE_RECORDS_MAX);
        for (uint32_t i = 0; i < commit->n_ops; i++) {
            assert_true((uint64_t)commit->ops[i].op.seq > last);
            last = (uint64_t)commit->ops[i].op.seq;
            hash += store_op_hash(&commit->ops[i].op);
        }
        assert_int_equal(commit->meta.seq, last);
        assert_true(commit->meta.hash == hash);
        n += commit->n_ops;
        commits++;
        done = pipeline_on_commit(&pipeline);
    } while (!done);
    assert_int_equal(n, N);
    assert_int_equal(commits, 3);
    pipeline_finish(&pipeline);
    core_destroy(core);
}

static void a_new_epoch_is_above_the_stored_one_and_the_hours_since_2024(void **state)
{
    (void)state;
    assert_int_equal(recover_epoch(0, 1704067200000ULL + 10 * HOUR_MS), 10);
    assert_int_equal(recover_epoch(500, 1704067200000ULL + 10 * HOUR_MS), 501);
    assert_int_equal(recover_epoch(0, 0), 1);
    assert_int_equal(recover_epoch(9, 1704067200000ULL + 10 * HOUR_MS), 10);
    assert_int_equal(recover_epoch(10, 1704067200000ULL + 10 * HOUR_MS), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_gives_back_its_operation),
        cmocka_unit_test(keys_that_no_row_has_are_refused),
        cmocka_unit_test(an_operation_is_one_row_however_often_it_changed),
        cmocka_unit_test(a_long_step_goes_in_several_commits_in_the_order_of_seq),
        cmocka_unit_test(a_new_epoch_is_above_the_stored_one_and_the_hours_since_2024),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
