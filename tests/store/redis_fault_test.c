/*
 * Redis cut off, killed, stopped, full, read-only: a commit is done once, or fails and is not done;
 * and it goes on by itself when Redis is there again.
 */
#include "kit.h"
#include "line.h"
#include "redis_server.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t count_ops(void)
{
    struct store *store = kit_reopen();

    store->is->close(store);
    return kit_found.n_ops;
}

/* --- a line that breaks ----------------------------------------------------------------------- */

/* Three commits over a line that breaks; whether it did. */
static bool is_done_once(struct line *line, int at, enum cut cut)
{
    pid_t process;
    struct store *store;
    struct store_result result;

    redis_server_tell("FLUSHALL");
    line->left = at;
    line->cut = cut;
    process = line_start(line);
    do { /* an opening may fail; the next must not */
        bool was_whole = line->left > 0;
        store = line_store();
        memset(&kit_found, 0, sizeof kit_found);
        result = kit_open(store, &kit_found);
        if (result.status == STORE_OK)
            break;
        assert_true(was_whole);
        store->is->close(store);
    } while (true);
    kit_sum = 0;
    for (int64_t ticket = 1; ticket <= 3; ticket++)
        kit_put(store, STORE_PUT, kit_op(ticket), 0);
    store->is->close(store);
    line_stop(process);
    assert_int_equal(count_ops(), 3);
    return line->left == 0;
}

static void a_commit_over_a_line_that_breaks_is_done_once(void **state)
{
    struct line *line =
        mmap(NULL, sizeof *line, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int n_breaks = 0;

    (void)state;
    for (enum cut cut = CUT_BEFORE; cut < CUTS; cut++)
        for (int at = 1; is_done_once(line, at, cut); at++)
            n_breaks++;
    assert_true(n_breaks > 4 * 8); /* greeting, taking, recovering and committing */
    munmap(line, sizeof *line);
}

/* --- a commit that waits --------------------------------------------------------------------- */

struct committing {
    struct store *store;
    struct store_result result;
    _Atomic bool is_over;
    pthread_t thread;
};

static void *commit_one(void *context)
{
    struct committing *committing = context;

    committing->result = kit_try(committing->store, STORE_PUT, kit_op(1), 0);
    committing->is_over = true;
    return NULL;
}

/* With Redis as it is now; the store was opened before. */
static void begin(struct committing *committing)
{
    kit_sum = 0;
    assert_int_equal(pthread_create(&committing->thread, NULL, commit_one, committing), 0);
}

/* Waits until the store says that it is away, and why. */
static void await_away(struct committing *committing, const char *why)
{
    struct store_away away = {.why = ""};

    while (!committing->store->is->is_away(committing->store, &away) ||
           strstr(away.why, why) == NULL) {
        if (committing->is_over)
            fail_msg("the commit is over: %s", committing->result.why);
        poll(NULL, 0, 5);
    }
    assert_non_null(strstr(away.why, "redis.sock: "));
}

static void end_well(struct committing *committing)
{
    struct store_away away;

    pthread_join(committing->thread, NULL);
    if (committing->result.status != STORE_OK)
        fail_msg("%s", committing->result.why);
    assert_false(committing->store->is->is_away(committing->store, &away));
    committing->store->is->close(committing->store);
    assert_int_equal(count_ops(), 1);
}

static void it_goes_on_with_a_redis_that_was_started_again(void **state)
{
    struct committing committing = {.store = kit_reopen()};

    (void)state;
    redis_server_kill();
    redis_server_start();
    begin(&committing);
    end_well(&committing);
}

static void it_waits_for_a_redis_that_was_killed(void **state)
{
    struct committing committing = {.store = kit_reopen()};

    (void)state;
    redis_server_kill();
    begin(&committing);
    await_away(&committing, "cannot connect");
    redis_server_start();
    end_well(&committing);
}

static void it_waits_for_a_redis_that_is_stopped(void **state)
{
    struct committing committing = {.store = kit_reopen()};

    (void)state;
    redis_server_signal(SIGSTOP);
    begin(&committing);
    await_away(&committing, "slow");
    redis_server_signal(SIGCONT);
    end_well(&committing);
}

static void it_waits_for_memory(void **state)
{
    struct committing committing = {.store = kit_reopen()};

    (void)state;
    redis_server_tell("CONFIG SET maxmemory 1000");
    begin(&committing);
    await_away(&committing, "OOM");
    redis_server_tell("CONFIG SET maxmemory 0");
    end_well(&committing);
}

static void it_waits_for_one_that_is_read_only(void **state)
{
    struct committing committing = {.store = kit_reopen()};

    (void)state;
    redis_server_tell("REPLICAOF 127.0.0.1 1");
    begin(&committing);
    await_away(&committing, "READONLY");
    redis_server_tell("REPLICAOF NO ONE");
    end_well(&committing);
}

static void it_loads_its_script_again(void **state)
{
    struct store *store = kit_reopen();

    (void)state;
    redis_server_tell("SCRIPT FLUSH");
    kit_put(store, STORE_PUT, kit_op(1), 0);
    store->is->close(store);
}

static void a_commit_that_waits_can_be_given_up(void **state)
{
    struct committing committing = {.store = kit_reopen()};

    (void)state;
    redis_server_kill();
    begin(&committing);
    await_away(&committing, "cannot connect");
    committing.store->is->give_up(committing.store);
    pthread_join(committing.thread, NULL);
    assert_int_equal(committing.result.status, STORE_FAILED);
    committing.store->is->close(committing.store);
    redis_server_start();
    assert_int_equal(count_ops(), 0);
}

/* Sets something that can lose answers; then one commit must fail, now or with the next renewal. */
static void assert_left(const char *setting, const char *value, const char *why, bool reconnects)
{
    struct store *store = kit_reopen();
    struct store_result result;

    redis_server_tell("CONFIG SET %s %s", setting, value);
    if (reconnects)
        redis_server_tell("CLIENT KILL TYPE normal SKIPME yes");
    while ((result = store->is->on_idle(store)).status == STORE_OK && !reconnects)
        poll(NULL, 0, 20);
    if (reconnects)
        result = kit_try(store, STORE_PUT, kit_op(1), 0);
    assert_int_equal(result.status, STORE_FAILED);
    if (strstr(result.why, why) == NULL)
        fail_msg("%s", result.why);
    store->is->close(store);
}

static void a_redis_that_became_unsafe_is_left_at_a_new_connection(void **state)
{
    (void)state;
    assert_left("appendfsync", "no", "set appendfsync always", true);
    assert_int_equal(redis_server_tell("HLEN lockq:ops"), 0);
}

static void and_while_it_stays_connected_when_the_owner_key_is_renewed(void **state)
{
    (void)state;
    redis_server_tell("CONFIG SET maxmemory 1gb");
    assert_left("maxmemory-policy", "allkeys-lru", "set maxmemory-policy noeviction", false);
}

/* --- a file that ends inside of a commit ----------------------------------------------------- */

/* What a kill leaves of a commit that was being written: whole commands, and a part of one. */
static void tear_file(void)
{
    static const char torn[] = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$5\r\nMULTI\r\n"
                               "*3\r\n$4\r\nHDEL\r\n$9\r\nlockq:ops\r\n$1\r\n1\r\n"
                               "*4\r\n$4\r\nHSET\r\n$9\r\nlock";
    FILE *file = fopen(kit_path("redis/appendonlydir/appendonly.aof.1.incr.aof"), "r+");

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    assert_int_equal(fwrite(torn, 1, sizeof torn - 1, file), sizeof torn - 1);
    fclose(file);
}

static void half_a_commit_in_redis_file_is_never_carried_out(void **state)
{
    struct store *store;

    (void)state;
    kit_make_two();
    redis_server_kill();
    tear_file();
    redis_server_start();
    store = kit_reopen(); /* the daemon died as well */
    assert_int_equal(kit_found.n_ops, 2);
    kit_sum = kit_found.meta.hash;
    kit_put(store, STORE_PUT, kit_op(3), 0);
    redis_server_kill();
    store->is->close(store);
    redis_server_start();
    assert_int_equal(count_ops(), 3);
}

/* --- under load ------------------------------------------------------------------------------ */

static void what_was_said_over_kills_of_redis_is_there(void **state)
{
    int said;
    pid_t writer = kit_start_writer(&said);
    int64_t last = 0;
    struct store *store;

    (void)state;
    srand(2);
    for (int kill_number = 0; kill_number < 40; kill_number++) {
        for (int i = rand() % 30; i >= 0; i--)
            assert_int_equal(read(said, &last, sizeof last), sizeof last);
        redis_server_kill();
        redis_server_start();
    }
    kill(writer, SIGKILL);
    while (read(said, &last, sizeof last) == sizeof last)
        ;
    waitpid(writer, NULL, 0);
    close(said);
    store = kit_reopen();
    assert_in_range(kit_found.n_ops, last, last + 1);
    assert_int_equal(kit_found.tickets[kit_found.n_ops - 1], kit_found.n_ops);
    store->is->close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_commit_over_a_line_that_breaks_is_done_once),
        TEST(it_goes_on_with_a_redis_that_was_started_again),
        TEST(it_waits_for_a_redis_that_was_killed),
        TEST(it_waits_for_a_redis_that_is_stopped),
        TEST(it_waits_for_memory),
        TEST(it_waits_for_one_that_is_read_only),
        TEST(it_loads_its_script_again),
        TEST(a_commit_that_waits_can_be_given_up),
        TEST(a_redis_that_became_unsafe_is_left_at_a_new_connection),
        TEST(and_while_it_stays_connected_when_the_owner_key_is_renewed),
        TEST(half_a_commit_in_redis_file_is_never_carried_out),
        TEST(what_was_said_over_kills_of_redis_is_there),
    };

    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    kind = &kind_redis;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
