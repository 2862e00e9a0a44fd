/*
 * A store that is away: who waits for it, who is told, and what still works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/conn.h"
#include "server/io_clock.h"
#include "server/server.h"
#include "wire/reply.h"

#define WALL_MS 1767225600000ULL

static struct server *server;
static struct conn *conn;
static int64_t now_ms;

static void draw(void *context, void *bytes, size_t n)
{
    static unsigned char next;

    (void)context;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = ++next;
}

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

static uint64_t bytes_left = UINT64_MAX;

static uint64_t free_bytes(struct store *store)
{
    (void)store;
    return bytes_left;
}

static const struct store_interface takes_commits = {
    .backend = "test", .open = open_store, .commit = commit, .free_bytes = free_bytes};
static struct store store = {&takes_commits};

static int start(void **state)
{
    static const struct peer peer = {.is_local = true, .text = "uid:1"};
    struct server_config config = {
        .version = "test", .store = &store, .low_disk = 1, .outside = {.random = draw}};

    (void)state;
#define USUAL(name, usual, least, most) config.limits.name = usual;
    SERVER_LIMIT_LIST(USUAL)
#undef USUAL
    server = server_create(&config);
    now_ms = 1000;
    if (server_recover(server, now_ms, WALL_MS).status != STORE_OK)
        return -1;
    conn = server_on_connect(server, &peer, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_destroy(server);
    return 0;
}

/* --- a client in a few words ----------------------------------------------------------------- */

static void ask(struct conn *from, const char *method, const char *op)
{
    bool has_keys = strcmp(method, "submit") == 0 || strcmp(method, "acquire") == 0;
    struct buf request = {0};

    put_array(&request, 4);
    put_uint(&request, 0);
    put_uint(&request, 7);
    put_name(&request, method);
    put_array(&request, 1);
    put_map(&request, op == NULL ? 0 : has_keys ? 2 : 1);
    if (op != NULL) {
        put_name(&request, "op");
        put_name(&request, op);
        if (has_keys) {
            put_name(&request, "keys");
            put_array(&request, 1);
            put_name(&request, op);
        }
    }
    server_on_input(server, from, buf_data(&request), buf_size(&request));
    buf_finish(&request);
}

/* Whether what the client can read now has this text in it; it reads all. */
static bool hears(struct conn *from, const char *text)
{
    struct slice out = conn_output(from);
    bool is_there = out.n > 0 && memmem(out.at, out.n, text, strlen(text)) != NULL;

    server_on_written(server, from, out.n);
    return is_there;
}

static bool hears_nothing(struct conn *from)
{
    return conn_output(from).n == 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void what_was_asked_before_waits_and_is_answered_when_it_is_back(void **state)
{
    const struct store_batch *batch;

    (void)state;
    ask(conn, "submit", "first");
    batch = server_next_batch(server);
    assert_non_null(batch);
    server_set_away(server, SERVER_AWAY_MS - 1);
    ask(conn, "submit", "second");
    server_set_away(server, SERVER_AWAY_MS + 1000);
    assert_true(hears_nothing(conn));
    assert_null(server_next_batch(server));
    server_set_away(server, 0);
    server_on_commit(server);
    assert_true(hears(conn, "first"));
    assert_non_null(server_next_batch(server));
    server_on_commit(server);
    assert_true(hears(conn, "second"));
}

static void what_is_asked_then_is_refused_at_once_and_not_done(void **state)
{
    static const char *const methods[] = {"submit", "acquire", "release", "cancel",
                                          "status", "claim",   "wait"};

    (void)state;
    ask(conn, "submit", "first");
    assert_non_null(server_next_batch(server));
    server_set_away(server, SERVER_AWAY_MS);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        ask(conn, methods[i], "late");
        assert_true(hears(conn, "unavailable"));
    }
    ask(conn, "list", NULL);
    assert_true(hears(conn, "unavailable"));
    server_set_away(server, 0);
    server_on_commit(server);
    assert_true(hears(conn, "first"));
    assert_null(server_next_batch(server));
    ask(conn, "status", "late");
    assert_true(hears(conn, "not_found"));
}

static void ping_stats_and_a_new_hello_are_answered(void **state)
{
    static const struct peer peer = {.is_local = true, .text = "uid:1"};
    struct conn *late = server_on_connect(server, &peer, NULL);

    (void)state;
    ask(conn, "submit", "first");
    assert_non_null(server_next_batch(server));
    server_set_away(server, SERVER_AWAY_MS);
    ask(conn, "ping", NULL);
    assert_true(hears(conn, "commit_age\xcd\x13\x88")); /* as old as it is away: 5,000 ms */
    ask(late, "hello", NULL);
    assert_true(hears(late, "secret"));
    ask(late, "stats", NULL);
    assert_true(hears(late, "records_total"));
}

static void a_commit_is_seen_in_the_millisecond_in_which_it_begins(void **state)
{
    (void)state;
    ask(conn, "stats", NULL);
    assert_false(hears(conn, "commit_age\x01"));
    ask(conn, "submit", "first");
    assert_non_null(server_next_batch(server));
    ask(conn, "stats", NULL);
    assert_true(hears(conn, "commit_age\x01"));
}

static void one_that_is_nearly_full_takes_nothing_new_from_its_first_turn_on(void **state)
{
    server_destroy(server);
    bytes_left = 0;
    assert_int_equal(start(state), 0);
    bytes_left = UINT64_MAX;
    ask(conn, "submit", "first");
    assert_true(hears(conn, "unavailable"));
}

static void deadlines_stand_still_while_the_clock_does(void **state)
{
    struct io_clock clock = {0};

    (void)state;
    assert_int_equal(io_clock_read(&clock, 100), 1);
    assert_int_equal(io_clock_read(&clock, 150), 51);
    clock.stands_still = true;
    assert_int_equal(io_clock_read(&clock, 900), 51);
    clock.stands_still = false;
    assert_int_equal(io_clock_read(&clock, 910), 61);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_asked_before_waits_and_is_answered_when_it_is_back),
        TEST(what_is_asked_then_is_refused_at_once_and_not_done),
        TEST(ping_stats_and_a_new_hello_are_answered),
        TEST(a_commit_is_seen_in_the_millisecond_in_which_it_begins),
        TEST(one_that_is_nearly_full_takes_nothing_new_from_its_first_turn_on),
        cmocka_unit_test(deadlines_stand_still_while_the_clock_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
