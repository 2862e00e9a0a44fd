/*
 * A long step goes to the store in several commits; a crash between two of them finds a state that
 * can be recovered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/pipeline.h"

#define N          (PIPELINE_RECORDS_MAX * 3 / 5) /* ends and grants together: two commits */
#define REMEMBERED 10
#define HOLDERS    5 /* the session of those that hold */
#define WAITERS    6 /* of those that wait behind them */

static struct core *core;
static struct pipeline pipeline;

static void step(struct event *event)
{
    struct outcome outcome;

    event->wall_ms = 1000;
    core_step(core, event, &outcome);
    assert_int_equal(outcome.status, LOCKQ_OK);
    for (uint32_t i = 0; i < outcome.n_effects; i++) {
        if (outcome.effects[i].type == EFFECT_FORGOTTEN)
            pipeline_op_forgotten(&pipeline, outcome.effects[i].op);
        else
            pipeline_op_changed(&pipeline, outcome.effects[i].op);
    }
}

/* One operation for each of N keys; the tickets rise with the keys. */
static void submit_all(uint64_t session)
{
    for (int i = 0; i < N; i++) {
        char path[16];
        struct core_key key;
        struct event event = {.type = EVENT_SUBMIT,
                              .ns = SLICE("default"),
                              .session = session,
                              .n_keys = 1,
                              .wait_ms = CORE_FOREVER,
                              .lease_ms = CORE_FOREVER,
                              .claim_in_ms = CORE_FOREVER,
                              .who = SLICE("uid:1"),
                              .why = SLICE("")};
        snprintf(path, sizeof path, "K/%d", i);
        key = (struct core_key){slice_of(path), MODE_X};
        event.keys = &key;
        step(&event);
    }
}

static int start(void **state)
{
    struct core_config config = {.limits = {.live_ops = 4 * N,
                                            .live_ops_per_session = 4 * N,
                                            .live_claims = 16 * N,
                                            .live_bytes = 1,
                                            .namespaces = 1,
                                            .remembered = REMEMBERED,
                                            .remembered_ms = 1000000},
                                 .epoch = 7};
    struct store_meta meta = {0};

    (void)state;
    core = core_create(&config);
    pipeline_init(&pipeline, core, &meta, false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pipeline_finish(&pipeline);
    core_destroy(core);
    return 0;
}

static void commit_all(void)
{
    pipeline_take(&pipeline, 0);
    while (!pipeline_on_commit(&pipeline))
        ;
}

/* Tickets 1 .. N held the keys; N + 1 .. 2 * N are next in line for the same keys. */
static void no_commit_has_a_grant_without_the_end_that_it_waited_for(void **state)
{
    static bool holds[N + 1];
    struct event lost = {.type = EVENT_SESSION_END, .session = HOLDERS};
    uint32_t commits = 0, grants = 0;
    uint64_t seq;

    (void)state;
    submit_all(HOLDERS);
    submit_all(WAITERS);
    commit_all();
    memset(holds, true, sizeof holds);
    seq = pipeline.durable.seq;
    step(&lost);
    pipeline_take(&pipeline, 0);
    do {
        const struct store_batch *batch = pipeline_commit(&pipeline);
        for (uint32_t i = 0; i < batch->n_ops; i++) {
            const struct store_op_record *record = &batch->ops[i];
            if (record->op.ticket <= N) {
                assert_true(record->change == STORE_REMOVE || record->op.state == OP_ENDED);
                holds[record->op.ticket] = false;
            } else {
                assert_int_equal(record->op.state, OP_GRANTED);
                assert_false(holds[record->op.ticket - N]);
                grants++;
            }
        }
        assert_true(batch->meta.seq >= seq);
        seq = batch->meta.seq;
        commits++;
    } while (!pipeline_on_commit(&pipeline));
    assert_int_equal(commits, 2);
    assert_int_equal(grants, N);
}

static void the_hash_of_each_commit_is_that_of_the_rows_it_leaves(void **state)
{
    static uint64_t rows[2 * N + 1];
    struct event lost = {.type = EVENT_SESSION_END, .session = HOLDERS};

    (void)state;
    memset(rows, 0, sizeof rows);
    submit_all(HOLDERS);
    submit_all(WAITERS);
    for (int step_number = 0; step_number < 2; step_number++) {
        pipeline_take(&pipeline, 0);
        do {
            const struct store_batch *batch = pipeline_commit(&pipeline);
            uint64_t sum = 0;
            for (uint32_t i = 0; i < batch->n_ops; i++)
                rows[batch->ops[i].op.ticket] =
                    batch->ops[i].change == STORE_PUT ? store_op_hash(&batch->ops[i].op) : 0;
            for (uint32_t ticket = 1; ticket <= 2 * N; ticket++)
                sum += rows[ticket];
            assert_true(batch->meta.hash == sum);
        } while (!pipeline_on_commit(&pipeline));
        step(&lost);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_commit_has_a_grant_without_the_end_that_it_waited_for,
                                        start, stop),
        cmocka_unit_test_setup_teardown(the_hash_of_each_commit_is_that_of_the_rows_it_leaves,
                                        start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
