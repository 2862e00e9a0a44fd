/*
 * Peers that do not read, and those that only send ahead: what each is given, and which is cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/conn.h"
#include "server/server.h"
#include "wire/reply.h"

#define START_MS  1000
#define WALL_MS   1767225600000ULL
#define N_OPS     300
#define BIG_BYTES 30000

static struct server *server;
static int64_t now_ms;

static void draw(void *context, void *bytes, size_t n)
{
    static unsigned char next;

    (void)context;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = ++next;
}

/* A store that is always well and keeps nothing, but takes commits as one that does. */
static struct store_result open_store(struct store *store, const struct store_recovery *recovery,
                                      struct store_meta *meta)
{
    (void)store;
    (void)recovery;
    *meta = (struct store_meta){0};
    return (struct store_result){.status = STORE_OK};
}

static struct store_result commit(struct store *store, const struct store_batch *batch)
{
    (void)store;
    (void)batch;
    return (struct store_result){.status = STORE_OK};
}

static uint64_t free_bytes(struct store *store)
{
    (void)store;
    return UINT64_MAX;
}

static const struct store_interface always_well = {
    .backend = "test", .open = open_store, .commit = commit, .free_bytes = free_bytes};
static struct store store = {&always_well};

static int start(void **state)
{
    struct server_config config = {.version = "test", .outside = {.random = draw}};

    (void)state;
#define USUAL(name, usual, least, most) config.limits.name = usual;
    SERVER_LIMIT_LIST(USUAL)
#undef USUAL
    config.limits.output = 64 * KIB;
    config.store = &store;
    server = server_create(&config);
    now_ms = START_MS;
    return server_recover(server, now_ms, WALL_MS).status == STORE_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    server_destroy(server);
    return 0;
}

static struct conn *connect(void)
{
    static const struct peer peer = {.is_local = true, .text = "uid:1"};

    return server_on_connect(server, &peer, NULL);
}

/* A turn at this time, with its commits. */
static void turn_at(int64_t at_ms)
{
    const struct store_batch *batch;

    now_ms = at_ms;
    server_set_time(server, now_ms, WALL_MS);
    server_end_turn(server, now_ms);
    while ((batch = server_next_batch(server)) != NULL) {
        assert_int_equal(commit(&store, batch).status, STORE_OK);
        server_on_commit(server);
    }
}

/* The peer reads all that may leave; returns how many messages those were. */
static uint32_t read_all(struct conn *conn)
{
    struct scanner scanner = {.bytes_max = 64 * MIB, .depth_max = SCAN_DEPTH_LIMIT};
    struct slice out = conn_output(conn);
    uint32_t messages = 0;
    size_t n;

    for (size_t at = 0; at < out.n; at += n, messages++)
        assert_int_equal(scan(&scanner, out.at + at, out.n - at, &n), SCAN_FRAME);
    server_on_written(server, conn, out.n);
    return messages;
}

static void begin_request(struct buf *out, uint32_t id, const char *method, uint32_t pairs)
{
    put_array(out, 4);
    put_uint(out, 0);
    put_uint(out, id);
    put_name(out, method);
    put_array(out, 1);
    put_map(out, pairs);
}

/* An operation of one key in the mode that `field` says, until it is released. */
static void put_submit(struct buf *out, uint32_t id, const char *method, const char *op,
                       const char *field, const char *key, size_t payload)
{
    static const char bytes[BIG_BYTES];

    begin_request(out, id, method, 4);
    put_name(out, "op");
    put_name(out, op);
    put_name(out, field);
    put_array(out, 1);
    put_name(out, key);
    put_name(out, "lease");
    put_uint(out, 0);
    put_name(out, "payload");
    put_text(out, (struct slice){bytes, (uint32_t)payload});
}

static void put_list(struct buf *out, uint32_t id)
{
    begin_request(out, id, "list", 1);
    put_name(out, "limit");
    put_uint(out, N_OPS);
}

static void send(struct conn *conn, struct buf *requests)
{
    server_on_input(server, conn, buf_data(requests), buf_size(requests));
    buf_finish(requests);
}

/* So many operations that a list of them is over the output limit. */
static void submit_many(void)
{
    struct conn *conn = connect();
    struct buf requests = {0};

    for (uint32_t i = 0; i < N_OPS; i++) {
        char op[32], key[300];
        snprintf(op, sizeof op, "op-%u", i);
        snprintf(key, sizeof key, "K/%0250u", i);
        put_submit(&requests, i, "submit", op, "keys", key, 0);
    }
    send(conn, &requests);
    turn_at(now_ms);
    server_on_close(server, conn);
    turn_at(now_ms);
}

static void send_lists(struct conn *conn, uint32_t n)
{
    struct buf requests = {0};

    for (uint32_t i = 0; i < n; i++)
        put_list(&requests, i);
    send(conn, &requests);
}

static void requests_sent_ahead_are_answered_as_the_peer_reads(void **state)
{
    struct conn *conn = connect();
    uint32_t answers = 0;

    (void)state;
    submit_many();
    send_lists(conn, 6);
    for (int turns = 0; answers < 6; turns++) {
        assert_true(turns < 100);
        assert_false(conn_is_cut(conn));
        assert_true(conn_output(conn).n < 2 * 64 * KIB + 200 * KIB);
        answers += read_all(conn);
        turn_at(now_ms);
    }
    assert_true(conn_wants_input(conn));
    assert_int_equal(server_next_deadline(server), INT64_MAX);
}

/* Or a read full of small ones keeps all others waiting for seconds. */
static void requests_that_look_at_much_and_show_nothing_take_their_turns(void **state)
{
    enum { N = 1000 };
    struct conn *conn = connect();
    struct buf requests = {0};
    uint32_t answers;
    int turns;

    (void)state;
    submit_many();
    for (uint32_t i = 0; i < N; i++) {
        begin_request(&requests, i, "list", 1);
        put_name(&requests, "who");
        put_name(&requests, "nobody");
    }
    send(conn, &requests);
    answers = read_all(conn);
    assert_in_range(answers, 1, N / 10);
    for (turns = 0; answers < N && turns < N; turns++) {
        turn_at(now_ms);
        answers += read_all(conn);
    }
    assert_int_equal(answers, N);
    assert_in_range(turns, 10, 100);
}

static void a_peer_that_reads_nothing_for_a_while_is_cut(void **state)
{
    struct conn *conn = connect();
    int64_t due_ms;

    (void)state;
    submit_many();
    send_lists(conn, 6);
    assert_false(conn_wants_input(conn));
    turn_at(now_ms + CONN_STALL_MS / 2);
    server_on_written(server, conn, 1); /* it reads a little: its time begins anew */
    due_ms = server_next_deadline(server);
    assert_int_equal(due_ms, now_ms + CONN_STALL_MS);
    turn_at(due_ms - 1);
    assert_false(conn_is_cut(conn));
    turn_at(due_ms);
    assert_true(conn_is_cut(conn));
}

static void deferred_answers_cut_a_peer_at_its_output_limit(void **state)
{
    struct conn *holder = connect(), *deaf = connect(), *other = connect();
    struct buf requests = {0};

    (void)state;
    begin_request(&requests, 1, "submit", 2); /* tied to its session: released without a token */
    put_name(&requests, "op");
    put_name(&requests, "hold");
    put_name(&requests, "keys");
    put_array(&requests, 1);
    put_name(&requests, "A");
    send(holder, &requests);
    for (uint32_t i = 0; i < 10; i++) {
        char op[32];
        snprintf(op, sizeof op, "waits-%u", i);
        put_submit(&requests, i, "acquire", op, "shared", "A", BIG_BYTES);
    }
    send(deaf, &requests);
    put_submit(&requests, 1, "acquire", "other", "shared", "A", BIG_BYTES);
    send(other, &requests);
    turn_at(now_ms);
    begin_request(&requests, 2, "release", 1);
    put_name(&requests, "op");
    put_name(&requests, "hold");
    send(holder, &requests);
    turn_at(now_ms);
    assert_true(conn_is_cut(deaf));
    assert_true(conn_output(deaf).n < 64 * KIB + 2 * BIG_BYTES);
    assert_false(conn_is_cut(other));
    assert_int_equal(read_all(other), 1);
}

static void one_that_waits_for_a_commit_is_read_from_no_more(void **state)
{
    struct conn *conn = connect(), *touched;
    struct buf requests = {0};
    bool is_touched = false;

    (void)state;
    submit_many();
    put_submit(&requests, 1, "submit", "new", "keys", "A", 0);
    for (uint32_t i = 0; i < 20; i++)
        put_list(&requests, i);
    while (server_next_output(server) != NULL)
        ;
    send(conn, &requests);
    assert_int_equal(conn_output(conn).n, 0);
    assert_false(conn_wants_input(conn));
    while ((touched = server_next_output(server)) != NULL)
        is_touched = is_touched || touched == conn;
    assert_true(is_touched); /* or the driver would go on reading */
}

static void the_bytes_of_one_that_was_cut_count_no_more(void **state)
{
    static const char bytes[3000];
    static const struct server_limits limits = {
        .message = MIB, .nesting = 8, .output = MIB, .buffers = 4096};
    static const struct peer peer = {.text = "uid:1"};
    struct conns conns = {.limits = &limits};
    struct conn *cut = conn_create(&conns, &peer, NULL), *kept = conn_create(&conns, &peer, NULL);

    (void)state;
    buf_append(&cut->in, bytes, sizeof bytes);
    conn_count(&conns, cut);
    conn_cut(&conns, cut);
    buf_append(&kept->in, bytes, sizeof bytes);
    conn_count(&conns, kept);
    assert_false(conn_is_cut(kept));
    conn_destroy(&conns, cut);
    conn_destroy(&conns, kept);
    assert_int_equal(conns.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_sent_ahead_are_answered_as_the_peer_reads, start,
                                        stop),
        cmocka_unit_test_setup_teardown(
            requests_that_look_at_much_and_show_nothing_take_their_turns, start, stop),
        cmocka_unit_test_setup_teardown(a_peer_that_reads_nothing_for_a_while_is_cut, start, stop),
        cmocka_unit_test_setup_teardown(deferred_answers_cut_a_peer_at_its_output_limit, start,
                                        stop),
        cmocka_unit_test_setup_teardown(one_that_waits_for_a_commit_is_read_from_no_more, start,
                                        stop),
        cmocka_unit_test(the_bytes_of_one_that_was_cut_count_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
