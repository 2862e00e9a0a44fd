/*
 * What is SQLite's own: its file, its damage, its view. (What all stores keep to:
 * conformance_test.c.)
 */
#include "kit.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void run_sql(const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(kit_path("lockq.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void a_new_file_is_its_owners_alone(void **state)
{
    struct store *store = kit_reopen();
    struct stat file;

    (void)state;
    assert_int_equal(stat(kit_path("lockq.db"), &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    store->is->close(store);
}

static const char add_a_row[] =
    "INSERT INTO operation SELECT 3, 3, ns, id, session, detached, wait_ms, claim_in_ms, who, why,"
    " submitted_ms, content, parent, passed, max_hold_ms, on_change, unchanged_since, seq, state, "
    "ending,"
    " token, claimed_by, tied, lease_ms, granted_ms, ended_ms, keys, shared, meta, payload,"
    " progress, outcome, why_ended, changed"
    " FROM operation WHERE ticket = 2";

static void a_changed_row_a_missing_row_and_a_new_row_are_noticed(void **state)
{
    static const char *const damage[] = {
        "UPDATE operation SET token = 9 WHERE ticket = 1",
        "UPDATE operation SET meta = NULL WHERE ticket = 1",
        "UPDATE operation SET ticket = 3 WHERE ticket = 2",
        "DELETE FROM operation WHERE ticket = 1",
        add_a_row,
        "UPDATE meta SET hash = hash + 1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct store_result result;
        unlink(kit_path("lockq.db"));
        kit_make_two();
        run_sql(damage[i]);
        result = kit_refusal();
        assert_int_equal(result.status, STORE_DAMAGED);
        assert_non_null(strstr(result.why, "state hash differs"));
    }
}

static void two_rows_of_one_ticket_are_refused(void **state)
{
    struct store_result result;

    (void)state;
    kit_make_two();
    run_sql("UPDATE operation SET ticket = 1 WHERE ticket = 2");
    result = kit_refusal();
    assert_int_equal(result.status, STORE_DAMAGED);
    assert_non_null(strstr(result.why, "two operations have one ticket"));
}

static void a_foreign_file_and_a_newer_version_are_refused(void **state)
{
    struct store_result result;

    (void)state;
    kit_make_two();
    run_sql("PRAGMA user_version = 99");
    result = kit_refusal();
    assert_int_equal(result.status, STORE_DAMAGED);
    assert_non_null(strstr(result.why, "version 99"));
    unlink(kit_path("lockq.db"));
    run_sql("CREATE TABLE somebody_elses(x)");
    result = kit_refusal();
    assert_int_equal(result.status, STORE_DAMAGED);
    assert_non_null(strstr(result.why, "not a database of lockq"));
}

static void what_is_no_database_is_refused_and_left_alone(void **state)
{
    char text[20000];
    int fd = open(kit_path("lockq.db"), O_CREAT | O_WRONLY, 0600);

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(write(fd, text, sizeof text), sizeof text);
    close(fd);
    assert_int_equal(kit_refusal().status, STORE_DAMAGED);
    fd = open(kit_path("lockq.db"), O_RDONLY);
    assert_int_equal(read(fd, text, sizeof text), sizeof text);
    assert_int_equal(text[0], 'x');
    close(fd);
}

/* It would go on with the one that it has open, which no start finds again. */
static void a_database_that_another_has_open_keeps_its_wal(void **state)
{
    struct stat before, after;
    sqlite3 *other;

    (void)state;
    kit_make_two();
    assert_int_equal(sqlite3_open(kit_path("lockq.db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "SELECT * FROM operation", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(stat(kit_path("lockq.db-wal"), &before), 0);
    assert_int_equal(kit_refusal().status, STORE_BUSY);
    assert_int_equal(stat(kit_path("lockq.db-wal"), &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    sqlite3_close(other);
}

static void a_missing_folder_is_named(void **state)
{
    struct store_result result;

    (void)state;
    strcat(kit_folder, "/missing");
    result = kit_refusal();
    kit_folder[strlen(kit_folder) - strlen("/missing")] = '\0';
    assert_int_equal(result.status, STORE_FAILED);
    assert_non_null(strstr(result.why, "missing/lockq.db"));
    assert_non_null(strstr(result.why, "No such file"));
}

static void a_commit_that_does_not_fit_fails_and_nothing_of_it_is_there(void **state)
{
    static char large[1 << 20];
    struct rlimit before, small = {.rlim_cur = 128 * 1024};
    struct store_op op = kit_op(3);
    struct store_op_record record = {STORE_PUT, op};
    struct store_batch batch = {.ops = &record, .n_ops = 1};
    struct store_result result;
    struct store *store;

    (void)state;
    kit_make_two();
    store = kit_reopen();
    memset(large, 'x', sizeof large);
    record.op.payload = (struct slice){large, sizeof large};
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    result = store->is->commit(store, &batch);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(result.status, STORE_FAILED);
    assert_non_null(strstr(result.why, "lockq.db"));
    store->is->close(store);
    store = kit_reopen();
    assert_int_equal(kit_found.n_ops, 2);
    store->is->close(store);
}

/* Each would be lost with the process; and another daemon could begin in their place. */
static void a_file_that_was_moved_removed_or_replaced_takes_no_commit(void **state)
{
    static const char *const files[] = {"lockq.db", "lockq.db-wal"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        const char *file = files[i / 2];
        bool replaced = i % 2 == 1;
        struct store_batch batch = {.n_ops = 0};
        struct store_result result;
        struct store *store = kit_reopen();

        assert_int_equal(store->is->commit(store, &batch).status, STORE_OK);
        assert_int_equal(store->is->on_idle(store).status, STORE_OK);
        assert_int_equal(unlink(kit_path(file)), 0);
        if (replaced)
            close(open(kit_path(file), O_CREAT | O_WRONLY, 0600));
        assert_int_equal(store->is->on_idle(store).status, STORE_FAILED);
        result = store->is->commit(store, &batch);
        assert_int_equal(result.status, STORE_FAILED);
        assert_non_null(strstr(result.why, file));
        assert_non_null(strstr(result.why, "replaced"));
        store->is->close(store);
        unlink(kit_path("lockq.db"));
        unlink(kit_path("lockq.db-wal"));
    }
}

/* --- readers --------------------------------------------------------------------------------- */

static struct store *open_with_readers(void)
{
    struct store_sqlite_config config = {.path = kit_path("lockq.db"), .readers = true};
    struct store *store = store_sqlite_create(&config);

    assert_int_equal(kit_open(store, &kit_found).status, STORE_OK);
    return store;
}

/* Has the file to itself until it has counted for a while. */
static void *write_for_a_while(void *has_begun)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(kit_path("lockq.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    sem_post(has_begun);
    sqlite3_exec(db,
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000)"
                 " SELECT count(*) FROM n; ROLLBACK",
                 NULL, NULL, NULL);
    sqlite3_close(db);
    return NULL;
}

static void a_commit_waits_for_another_who_has_the_file_for_a_moment(void **state)
{
    struct store_batch batch = {.n_ops = 0};
    struct store *store;
    pthread_t other;
    sem_t has_begun;

    (void)state;
    kit_make_two();
    store = open_with_readers();
    sem_init(&has_begun, 0, 0);
    assert_int_equal(pthread_create(&other, NULL, write_for_a_while, &has_begun), 0);
    sem_wait(&has_begun);
    assert_int_equal(store->is->commit(store, &batch).status, STORE_OK);
    pthread_join(other, NULL);
    sem_destroy(&has_begun);
    store->is->close(store);
}

static off_t wal_bytes(void)
{
    struct stat file;

    assert_int_equal(stat(kit_path("lockq.db-wal"), &file), 0);
    return file.st_size;
}

static void commit_much(struct store *store)
{
    static char large[1 << 20];
    struct store_op_record record = {STORE_PUT, kit_op(3)};
    struct store_batch batch = {.ops = &record, .n_ops = 1};

    record.op.payload = (struct slice){large, sizeof large};
    assert_int_equal(store->is->commit(store, &batch).status, STORE_OK);
}

static void a_wal_that_grew_beside_a_reader_is_cut_when_it_has_gone(void **state)
{
    struct store *store;
    sqlite3 *reader;

    (void)state;
    kit_make_two();
    store = open_with_readers();
    assert_int_equal(sqlite3_open(kit_path("lockq.db"), &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM operation", NULL, NULL, NULL),
                     SQLITE_OK);
    while (wal_bytes() < 32 << 20)
        commit_much(store);
    sqlite3_close(reader);
    assert_int_equal(store->is->on_idle(store).status, STORE_OK);
    commit_much(store); /* begins the WAL again */
    assert_true(wal_bytes() <= 16 << 20);
    store->is->close(store);
}

static int print_row(void *context, int n, char **values, char **names)
{
    char *text = context;

    (void)names;
    for (int i = 0; i < n; i++)
        sprintf(text + strlen(text), "%s|", values[i]);
    return 0;
}

static void the_view_shows_each_key_of_what_is_granted(void **state)
{
    char text[512] = "";
    sqlite3 *db;

    (void)state;
    kit_make_two();
    assert_int_equal(sqlite3_open(kit_path("lockq.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "SELECT model_name, object_id, operation_id, created_at"
                                  " FROM object_lock WHERE id LIKE '1/%' ORDER BY id",
                                  print_row, text, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_string_equal(text, "Project|25|op|2025-06-15T15:06:40.000Z|"
                              "File|a/b|op|2025-06-15T15:06:40.000Z|");
}

static void hashes_tell_absent_from_empty_and_see_what_moved(void **state)
{
    struct store_op a = kit_op(1), b = kit_op(1);

    (void)state;
    assert_true(store_op_hash(&a) == store_op_hash(&b));
    b.payload = SLICE("");
    assert_true(store_op_hash(&a) != store_op_hash(&b));
    a.who = SLICE("ab");
    a.why = SLICE("c");
    b = a;
    b.who = SLICE("a");
    b.why = SLICE("bc");
    assert_true(store_op_hash(&a) != store_op_hash(&b));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_is_its_owners_alone),
        TEST(a_changed_row_a_missing_row_and_a_new_row_are_noticed),
        TEST(two_rows_of_one_ticket_are_refused),
        TEST(a_foreign_file_and_a_newer_version_are_refused),
        TEST(what_is_no_database_is_refused_and_left_alone),
        TEST(a_database_that_another_has_open_keeps_its_wal),
        TEST(a_missing_folder_is_named),
        TEST(a_commit_that_does_not_fit_fails_and_nothing_of_it_is_there),
        TEST(a_file_that_was_moved_removed_or_replaced_takes_no_commit),
        TEST(a_commit_waits_for_another_who_has_the_file_for_a_moment),
        TEST(a_wal_that_grew_beside_a_reader_is_cut_when_it_has_gone),
        TEST(the_view_shows_each_key_of_what_is_granted),
        TEST(hashes_tell_absent_from_empty_and_see_what_moved),
    };
    kind = &kind_sqlite;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
