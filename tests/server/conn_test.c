#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/conn.h"

static const struct server_limits limits = {
    .message = 8 * MIB, .nesting = 8, .output = 8 * MIB, .buffers = 4096};
static const struct peer peer = {.text = "uid:1"};

static struct conn *new_conn(struct conns *conns)
{
    conns->limits = &limits;
    return conn_create(conns, &peer, NULL);
}

static void assert_leaves(const struct conn *conn, const char *text)
{
    struct slice out = conn_output(conn);
    assert_int_equal(out.n, strlen(text));
    assert_memory_equal(out.at, text, out.n);
}

static void what_is_gated_leaves_with_the_commit_that_was_taken_after_it(void **state)
{
    struct conns conns = {0};
    struct conn *conn = new_conn(&conns);

    (void)state;
    buf_append(conn_out_gated(&conns, conn), "one", 3);
    conns_mark_gates(&conns);
    buf_append(conn_out_gated(&conns, conn), "two", 3);
    assert_int_equal(conn_output(conn).n, 0);
    conns_open_gates(&conns, false);
    assert_leaves(conn, "one");
    conns_mark_gates(&conns);
    conns_open_gates(&conns, false);
    assert_leaves(conn, "onetwo");
    conn_destroy(&conns, conn);
}

static void nothing_stays_behind_the_gate_when_there_is_nothing_to_wait_for(void **state)
{
    struct conns conns = {0};
    struct conn *conn = new_conn(&conns);

    (void)state;
    conns_mark_gates(&conns);
    buf_append(conn_out_gated(&conns, conn), "asked meanwhile", 15);
    conns_open_gates(&conns, true);
    assert_leaves(conn, "asked meanwhile");
    conn_destroy(&conns, conn);
}

static void what_is_ready_overtakes_what_is_gated(void **state)
{
    struct conns conns = {0};
    struct conn *conn = new_conn(&conns);

    (void)state;
    buf_append(conn_out_gated(&conns, conn), "late", 4);
    buf_append(conn_out_ready(&conns, conn), "pong", 4);
    assert_leaves(conn, "pong");
    conns_open_gates(&conns, true);
    assert_leaves(conn, "ponglate");
    conn_destroy(&conns, conn);
}

static void over_the_limit_of_all_buffers_the_largest_is_cut(void **state)
{
    static char bytes[3000];
    struct conns conns = {0};
    struct conn *small = new_conn(&conns), *large = new_conn(&conns);

    (void)state;
    buf_append(&large->in, bytes, 3000);
    conn_count(&conns, large);
    assert_false(conn_is_cut(large));
    buf_append(&small->in, bytes, 1200);
    conn_count(&conns, small);
    assert_true(conn_is_cut(large));
    assert_false(conn_is_cut(small));
    assert_int_equal(conns.bytes, 1200);
    conn_destroy(&conns, small);
    conn_destroy(&conns, large);
    assert_int_equal(conns.bytes, 0);
}

static void a_closing_connection_is_closed_when_its_last_answer_may_leave(void **state)
{
    struct conns conns = {0};
    struct conn *conn = new_conn(&conns);

    (void)state;
    buf_append(conn_out_gated(&conns, conn), "last", 4);
    conn->is_closing = true;
    assert_false(conn_is_closing(conn));
    assert_false(conn_wants_input(conn));
    conns_open_gates(&conns, true);
    assert_true(conn_is_closing(conn));
    conn_destroy(&conns, conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gated_leaves_with_the_commit_that_was_taken_after_it),
        cmocka_unit_test(nothing_stays_behind_the_gate_when_there_is_nothing_to_wait_for),
        cmocka_unit_test(what_is_ready_overtakes_what_is_gated),
        cmocka_unit_test(over_the_limit_of_all_buffers_the_largest_is_cut),
        cmocka_unit_test(a_closing_connection_is_closed_when_its_last_answer_may_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
