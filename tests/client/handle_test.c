/*
 * A handle over what happens to daemons, connections and processes.
 */
#include "world.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const row[] = {"Row/1"};

/* What a call in a loop of one's own came to. */
struct heard {
    bool is_done;
    int status, times;
    struct lockq_view view;
};

static void on_answer(struct lockq *lockq, int status, const msgpack_object *result, void *context)
{
    struct heard *heard = context;

    (void)lockq;
    heard->is_done = true;
    heard->status = status;
    heard->times++;
    if (result != NULL)
        lockq_view_of(result, &heard->view);
}

/* A detached operation that has Row/1, and its token. */
static uint64_t hold(const char *op)
{
    struct lockq_submit submit = world_submit(row, op);
    struct lockq *lockq = world_open(LOCKQ_UNSET);
    struct lockq_view view;

    submit.lease_ms = 0;
    assert_int_equal(lockq_acquire(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
    assert_int_equal(view.state, LOCKQ_GRANTED);
    lockq_close(lockq);
    return view.token;
}

static void let_go(const char *op, uint64_t token)
{
    struct lockq *lockq = world_open(LOCKQ_UNSET);

    assert_int_equal(lockq_release(lockq, op, token, NULL, ANSWER_MS, NULL), LOCKQ_OK);
    lockq_close(lockq);
}

static void *kill_start_and_let_go(void *token)
{
    /* By then the acquire stands in line. */
    struct lockq *lockq = world_open(LOCKQ_UNSET);
    struct lockq_view view = {0};
    while (view.state != LOCKQ_WAITING)
        lockq_wait(lockq, "mine", 1, &view);
    lockq_close(lockq);
    world_kill();
    world_start();
    let_go("other", *(uint64_t *)token);
    return NULL;
}

static void a_blocking_acquire_outlives_the_daemon_and_keeps_its_place(void **state)
{
    struct lockq_submit submit = world_submit(row, "mine");
    struct lockq_view view;
    struct lockq *lockq;
    uint64_t token;
    pthread_t helper;

    (void)state;
    world_start();
    token = hold("other");
    lockq = world_open(10000);
    /* Detached, so that another session may look whether it waits. */
    submit.lease_ms = 60000;
    pthread_create(&helper, NULL, kill_start_and_let_go, &token);
    assert_int_equal(lockq_acquire(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
    assert_int_equal(view.state, LOCKQ_GRANTED);
    assert_true(view.token > token);
    pthread_join(helper, NULL);
    lockq_close(lockq);
}

static void an_acquire_that_ran_out_of_time_may_be_repeated_without_end(void **state)
{
    struct lockq_submit submit = world_submit(row, "mine");
    struct lockq_view view;
    struct lockq *lockq;
    uint64_t token;

    (void)state;
    world_start();
    token = hold("other");
    lockq = world_open(10000);
    assert_int_equal(lockq_submit(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
    /* The daemon answers no more than 1,024 that are pending on a connection. */
    for (int i = 0; i < 1100; i++)
        assert_int_equal(lockq_acquire(lockq, &submit, 1, &view), LOCKQ_E_TIMEOUT);
    assert_string_equal(view.op, "mine");
    let_go("other", token);
    assert_int_equal(lockq_acquire(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
    assert_int_equal(view.state, LOCKQ_GRANTED);
    lockq_close(lockq);
}

static void a_wait_that_ran_out_of_time_may_be_repeated_without_end(void **state)
{
    struct lockq_submit submit = world_submit(row, "mine");
    struct lockq_view view;
    struct lockq *lockq;

    (void)state;
    world_start();
    hold("other");
    lockq = world_open(10000);
    assert_int_equal(lockq_submit(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
    for (int i = 0; i < 1100; i++)
        assert_int_equal(lockq_wait(lockq, "mine", 1, &view), LOCKQ_E_TIMEOUT);
    assert_int_equal(lockq_cancel(lockq, "mine", NULL, ANSWER_MS, NULL), LOCKQ_OK);
    assert_int_equal(lockq_wait(lockq, "mine", ANSWER_MS, &view), LOCKQ_OK);
    assert_string_equal(view.end, "cancelled");
    lockq_close(lockq);
}

static void the_id_that_the_handle_made_up_is_told_when_time_ran_out(void **state)
{
    struct lockq_submit submit = world_submit(row, NULL);
    struct lockq_view view;
    struct lockq *lockq;

    (void)state;
    world_start();
    hold("other");
    lockq = world_open(10000);
    assert_int_equal(lockq_submit(lockq, &submit, ANSWER_MS, NULL), LOCKQ_OK);
    assert_int_equal(lockq_acquire(lockq, &submit, 200, &view), LOCKQ_E_TIMEOUT);
    assert_int_equal(lockq_cancel(lockq, view.op, NULL, ANSWER_MS, NULL), LOCKQ_OK);
    lockq_close(lockq);
}

static void what_was_never_sent_is_not_sent_after_its_time(void **state)
{
    struct lockq_submit submit = world_submit(row, "late");
    struct lockq *lockq = world_open(10000);
    struct lockq_view view;

    (void)state;
    assert_int_equal(lockq_acquire(lockq, &submit, 50, &view), LOCKQ_E_CONNECT);
    world_start();
    assert_int_equal(lockq_wait(lockq, "late", ANSWER_MS, &view), LOCKQ_NOT_FOUND);
    lockq_close(lockq);
}

static void count(struct lockq *lockq, void *context)
{
    struct lockq_params *params = lockq_params_new();

    ++*(int *)context;
    lockq_put_bool(params, "grants", true);
    lockq_send(lockq, "subscribe", params, NULL, NULL);
    lockq_params_free(params);
}

static void note_grant(struct lockq *lockq, const char *method, const msgpack_object *view,
                       void *context)
{
    (void)lockq;
    if (strcmp(method, "granted") == 0)
        on_answer(lockq, LOCKQ_OK, view, context);
}

static void a_subscription_is_made_again_at_each_connection(void **state)
{
    struct lockq *lockq = world_open(10000);
    struct heard grant = {0};
    struct lockq_view view;
    int connections = 0;

    (void)state;
    lockq_on_connected(lockq, count, &connections);
    lockq_on_news(lockq, note_grant, &grant);
    for (int round = 1; round <= 3; round++) {
        char op[] = {'o', (char)('0' + round), '\0'};
        uint64_t token;
        world_start();
        /* Answered behind the subscription. */
        assert_int_equal(lockq_wait(lockq, "nobody", ANSWER_MS, &view), LOCKQ_NOT_FOUND);
        assert_int_equal(connections, round);
        token = hold(op);
        grant.is_done = false;
        world_loop(lockq, &grant.is_done);
        assert_string_equal(grant.view.op, op);
        let_go(op, token);
        world_kill();
    }
    lockq_close(lockq);
}

static void a_session_that_is_over_is_told_and_another_handle_goes_on(void **state)
{
    struct lockq_submit submit = world_submit(row, "mine");
    struct lockq_params *params;
    const msgpack_object *record;
    struct lockq *lockq, *other;
    struct lockq_view view;

    (void)state;
    world_start();
    lockq = world_open(100);
    assert_int_equal(lockq_acquire(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
    world_kill();
    world_start();
    other = world_open(10000);
    params = lockq_params_new();
    lockq_put_text(params, "op", "mine");
    do {
        assert_int_equal(lockq_call(other, "status", params, ANSWER_MS, &record), LOCKQ_OK);
        assert_true(lockq_view_of(record, &view));
    } while (view.state == LOCKQ_GRANTED && poll(NULL, 0, 10) == 0);
    lockq_params_free(params);
    assert_string_equal(view.end, "lost");
    assert_int_equal(lockq_renew(lockq, "mine", view.token, LOCKQ_UNSET, NULL, ANSWER_MS, NULL),
                     LOCKQ_E_LOST);
    assert_int_equal(lockq_wait(lockq, "mine", ANSWER_MS, &view), LOCKQ_E_LOST);
    lockq_close(lockq);
    submit.op = NULL;
    assert_int_equal(lockq_acquire(other, &submit, ANSWER_MS, &view), LOCKQ_OK);
    lockq_close(other);
}

static void a_session_that_owns_nothing_any_more_outlives_a_restart(void **state)
{
    struct lockq_submit submit = world_submit(row, NULL);
    struct lockq *lockq = world_open(10000);
    struct lockq_view view;

    (void)state;
    for (int round = 0; round < 3; round++) {
        world_start();
        assert_int_equal(lockq_acquire(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
        assert_int_equal(lockq_release(lockq, view.op, 0, NULL, ANSWER_MS, NULL), LOCKQ_OK);
        world_kill();
    }
    lockq_close(lockq);
}

/* In the child: whether the parent's handle is refused, and one of its own works. */
static int use_in_child(struct lockq *inherited, struct lockq *untouched)
{
    struct lockq_submit submit = world_submit(row, NULL);
    struct lockq_view view;

    submit.lease_ms = 60000;
    if (lockq_submit(inherited, &submit, ANSWER_MS, &view) != LOCKQ_E_LOST)
        return 1;
    lockq_close(inherited);
    if (lockq_submit(untouched, &submit, ANSWER_MS, &view) != LOCKQ_OK)
        return 2;
    lockq_close(untouched);
    return 0;
}

static void a_forked_child_does_not_speak_as_its_parent(void **state)
{
    struct lockq *lockq, *untouched;
    struct lockq_view view;
    int status;
    pid_t child;

    (void)state;
    world_start();
    lockq = world_open(10000);
    untouched = world_open(10000);
    hold("other");
    assert_int_equal(lockq_wait(lockq, "other", ANSWER_MS, &view), LOCKQ_OK);
    child = fork();
    if (child == 0)
        _exit(use_in_child(lockq, untouched));
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(lockq_wait(lockq, "other", ANSWER_MS, &view), LOCKQ_OK);
    /* Both made up ids from the same handle: they are not the same. */
    struct lockq_submit submit = world_submit(row, NULL);
    assert_int_equal(lockq_submit(untouched, &submit, ANSWER_MS, &view), LOCKQ_OK);
    assert_int_equal(view.ahead, 2);
    lockq_close(untouched);
    lockq_close(lockq);
}

static void send_again(struct lockq *lockq, int status, const msgpack_object *result, void *context)
{
    on_answer(lockq, status, result, context);
    lockq_send(lockq, "ping", NULL, send_again, context);
}

static void an_answer_that_asks_again_gets_one_answer_a_time(void **state)
{
    struct lockq_options options = {.address = world_address(), .fails_at_once = true};
    struct lockq *lockq = lockq_open(&options);
    struct heard heard = {0};

    (void)state;
    lockq_send(lockq, "ping", NULL, send_again, &heard);
    assert_int_equal(lockq_process(lockq), LOCKQ_E_CONNECT);
    assert_int_equal(heard.status, LOCKQ_E_CONNECT);
    assert_int_equal(heard.times, 1);
    assert_int_equal(lockq_process(lockq), LOCKQ_E_CONNECT);
    assert_int_equal(heard.times, 2);
    lockq_close(lockq);
}

static void the_whole_result_is_there_beside_the_view(void **state)
{
    static const char payload[] = "\xa4work";
    struct lockq_submit submit = world_submit(row, "job");
    const msgpack_object *found;
    struct lockq_view view;
    struct lockq *lockq;

    (void)state;
    world_start();
    lockq = world_open(10000);
    submit.lease_ms = 60000;
    submit.payload = payload;
    submit.payload_size = sizeof payload - 1;
    assert_int_equal(lockq_submit(lockq, &submit, ANSWER_MS, &view), LOCKQ_OK);
    assert_int_equal(lockq_claim(lockq, "job", ANSWER_MS, &view), LOCKQ_OK);
    found = lockq_field(lockq_result(lockq), "payload");
    assert_non_null(found);
    assert_memory_equal(found->via.str.ptr, "work", 4);
    assert_int_equal(lockq_claim(lockq, "nobody", ANSWER_MS, &view), LOCKQ_NOT_FOUND);
    assert_null(lockq_result(lockq));
    lockq_close(lockq);
}

static void a_name_that_is_too_long_is_refused_and_never_cut(void **state)
{
    char name[400];
    struct lockq_options options = {.address = world_address(), .name_space = name};
    struct lockq *lockq;

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    lockq = lockq_open(&options);
    assert_int_equal(lockq_call(lockq, "ping", NULL, ANSWER_MS, NULL), LOCKQ_E_ADDRESS);
    lockq_close(lockq);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, world_init, world_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_blocking_acquire_outlives_the_daemon_and_keeps_its_place),
        STORY(an_acquire_that_ran_out_of_time_may_be_repeated_without_end),
        STORY(a_wait_that_ran_out_of_time_may_be_repeated_without_end),
        STORY(the_id_that_the_handle_made_up_is_told_when_time_ran_out),
        STORY(what_was_never_sent_is_not_sent_after_its_time),
        STORY(a_subscription_is_made_again_at_each_connection),
        STORY(a_session_that_is_over_is_told_and_another_handle_goes_on),
        STORY(a_session_that_owns_nothing_any_more_outlives_a_restart),
        STORY(a_forked_child_does_not_speak_as_its_parent),
        STORY(an_answer_that_asks_again_gets_one_answer_a_time),
        STORY(the_whole_result_is_there_beside_the_view),
        STORY(a_name_that_is_too_long_is_refused_and_never_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
