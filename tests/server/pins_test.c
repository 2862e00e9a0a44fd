/*
 * Commits of few records: what depends on a change that is not an operation's last one is never
 * durable without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/pipeline.h"

static struct core *core;
static struct pipeline pipeline;
static struct outcome outcome;

static const struct op *step(struct event *event)
{
    event->ns = SLICE("default");
    event->session = 5;
    event->wall_ms = 1000;
    core_step(core, event, &outcome);
    assert_int_equal(outcome.status, LOCKQ_OK);
    for (uint32_t i = 0; i < outcome.n_effects; i++)
        pipeline_op_changed(&pipeline, outcome.effects[i].op);
    return outcome.op;
}

static const struct op *submit(const char *id, const char *parent, const char *first,
                               const char *second)
{
    struct core_key keys[] = {{slice_of(first), MODE_X}, {slice_of(second), MODE_X}};
    struct event event = {.type = EVENT_SUBMIT,
                          .op = slice_of(id),
                          .keys = keys,
                          .wait_ms = CORE_FOREVER,
                          .lease_ms = CORE_FOREVER,
                          .claim_in_ms = CORE_FOREVER,
                          .who = SLICE("uid:1"),
                          .why = SLICE("")};

    event.n_keys = core_normalise(keys, 2);
    if (parent != NULL)
        event.parent = slice_of(parent);
    return step(&event);
}

static void tell_progress(const char *id)
{
    struct event event = {
        .type = EVENT_RENEW, .op = slice_of(id), .lease_ms = -1, .progress = SLICE("half of it")};
    step(&event);
}

static int start(void **state)
{
    struct core_config config = {.limits = {.live_ops = 10,
                                            .live_ops_per_session = 10,
                                            .live_claims = 100,
                                            .live_bytes = 1,
                                            .namespaces = 1,
                                            .remembered = 10,
                                            .remembered_ms = 1000000,
                                            .keys = 10,
                                            .key_text = 1000,
                                            .generations = 5},
                                 .epoch = 7};
    struct store_meta meta = {0};

    (void)state;
    core = core_create(&config);
    pipeline_init(&pipeline, core, &meta, false);
    pipeline.records_max = 1;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pipeline_finish(&pipeline);
    core_destroy(core);
    return 0;
}

/* In which of the commits to come the row of this operation is. */
static uint32_t commit_of(const struct op *op)
{
    for (uint32_t i = pipeline.next; i < pipeline.n_commits; i++)
        for (uint32_t k = 0; k < pipeline.commits[i].n_ops; k++)
            if (pipeline.commits[i].ops[k].op.ticket == (int64_t)op->ticket)
                return i;
    fail_msg("no row of ticket %u", (unsigned)op->ticket);
    return 0;
}

static void commit_all(void)
{
    pipeline_take(&pipeline, 0);
    while (!pipeline_on_commit(&pipeline))
        ;
}

static void a_grant_of_keys_that_were_given_back_is_not_durable_before_that(void **state)
{
    const struct op *holder = submit("holder", NULL, "A", "B"), *next, *other;
    struct core_key given = {SLICE("A"), MODE_X};
    struct event release = {
        .type = EVENT_RELEASE, .op = SLICE("holder"), .keys = &given, .n_keys = 1};

    (void)state;
    next = submit("next", NULL, "A", "A");
    commit_all();
    assert_int_equal(next->state, OP_WAITING);
    step(&release);
    pipeline_op_pinned(&pipeline, holder, holder->seq);
    assert_int_equal(next->state, OP_GRANTED);
    other = submit("other", NULL, "C", "C");
    tell_progress("holder");
    pipeline_take(&pipeline, 0);
    assert_true(commit_of(holder) <= commit_of(next));
    assert_true(commit_of(holder) <= commit_of(other));
}

static void a_child_is_not_durable_before_its_parent(void **state)
{
    const struct op *parent = submit("parent", NULL, "A", "A"), *child, *other;

    (void)state;
    child = submit("child", "parent", "A/1", "A/1");
    pipeline_op_pinned(&pipeline, parent, child->seq);
    tell_progress("parent");
    other = submit("other", NULL, "C", "C");
    pipeline_take(&pipeline, 0);
    assert_true(commit_of(parent) <= commit_of(child));
    assert_true(commit_of(other) > commit_of(child));
}

static void nothing_is_held_together_by_one_that_was_forgotten(void **state)
{
    const struct op *holder = submit("holder", NULL, "A", "B"), *next, *other;

    (void)state;
    next = submit("next", NULL, "C", "C");
    pipeline_op_pinned(&pipeline, holder, holder->seq);
    other = submit("other", NULL, "D", "D");
    tell_progress("holder");
    pipeline_op_forgotten(&pipeline, (struct op *)(uintptr_t)holder);
    pipeline_take(&pipeline, 0);
    assert_true(commit_of(other) > commit_of(next));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_grant_of_keys_that_were_given_back_is_not_durable_before_that, start, stop),
        cmocka_unit_test_setup_teardown(a_child_is_not_durable_before_its_parent, start, stop),
        cmocka_unit_test_setup_teardown(nothing_is_held_together_by_one_that_was_forgotten, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
