/*
 * The SQLite store: what it was given is there again, whole, or it says why not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

/* --- what is stored and what comes back --------------------------------------------------------
 */

#define ROWS_MAX 4096

struct found {
    struct store_meta meta;
    uint64_t hash;
    int64_t tickets[ROWS_MAX], states[ROWS_MAX];
    uint32_t n_ops, n_sessions;
    char last_keys[64];
    bool refuses;
};

static bool on_session(void *context, const struct store_session *session)
{
    struct found *found = context;
    found->hash += store_session_hash(session);
    found->n_sessions++;
    return true;
}

static bool on_op(void *context, const struct store_op *op)
{
    struct found *found = context;

    assert_true(found->n_ops < ROWS_MAX);
    assert_true(found->n_ops == 0 || op->ticket > found->tickets[found->n_ops - 1]);
    found->hash += store_op_hash(op);
    found->tickets[found->n_ops] = op->ticket;
    found->states[found->n_ops++] = op->state;
    snprintf(found->last_keys, sizeof found->last_keys, "%.*s", (int)op->keys.n,
             op->keys.at == NULL ? "" : op->keys.at);
    return !found->refuses;
}

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/lockq-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/lockq.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const behind[] = {"", "-wal", "-shm", "-journal"};
    char file[128];

    (void)state;
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
        snprintf(file, sizeof file, "%s/lockq.db%s", folder, behind[i]);
        unlink(file);
    }
    return rmdir(folder);
}

static struct store *create(void)
{
    struct store_sqlite_config config = {.path = path};
    return store_sqlite_create(&config);
}

static struct store_result open_it(struct store *store, struct found *found)
{
    struct store_recovery recovery = {found, on_session, on_op};
    struct store_result result = store->is->open(store, &recovery, &found->meta);
    return result;
}

/* Opens, which must go well; the caller closes. */
static struct store *reopen(struct found *found)
{
    struct store *store = create();
    struct store_result result;

    memset(found, 0, sizeof *found);
    result = open_it(store, found);
    if (result.status != STORE_OK)
        fail_msg("%s", result.why);
    assert_true(found->hash == found->meta.hash);
    return store;
}

/* What opening says when it does not go well. */
static struct store_result refusal(void)
{
    struct found *found = calloc(1, sizeof *found);
    struct store *store = create();
    struct store_result result = open_it(store, found);

    store->is->close(store);
    free(found);
    return result;
}

static struct store_op some_op(int64_t ticket)
{
    return (struct store_op){.ticket = ticket,
                             .ns = SLICE("default"),
                             .id = SLICE("op"),
                             .session = 5,
                             .wait_ms = -1,
                             .who = SLICE("uid:1"),
                             .why = SLICE(""),
                             .content = SLICE("0123456789abcdef"),
                             .seq = ticket,
                             .state = 1,
                             .token = ticket,
                             .granted_ms = 1750000000000,
                             .keys = SLICE("[\"Project/25\",\"File/a%2Fb\"]"),
                             .meta = SLICE("\xc0")};
}

static uint64_t hash_of(int64_t ticket)
{
    struct store_op op = some_op(ticket);
    return store_op_hash(&op);
}

static uint64_t hash_so_far;

/* Commits one operation's row; must go well. */
static void put(struct store *store, enum store_change change, struct store_op op,
                uint64_t hash_before)
{
    struct store_op_record record = {change, op};
    struct store_batch batch = {.ops = &record, .n_ops = 1};
    struct store_result result;

    hash_so_far -= hash_before;
    if (change != STORE_REMOVE)
        hash_so_far += store_op_hash(&op);
    batch.meta = (struct store_meta){7, (uint64_t)op.seq, (uint64_t)op.ticket, hash_so_far};
    result = store->is->commit(store, &batch);
    if (result.status != STORE_OK)
        fail_msg("%s", result.why);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A database with two operations, closed. */
static void make_two(void)
{
    struct found found;
    struct store *store = reopen(&found);

    hash_so_far = 0;
    put(store, STORE_PUT, some_op(1), 0);
    put(store, STORE_PUT, some_op(2), 0);
    store->is->close(store);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void a_new_store_is_empty(void **state)
{
    struct found found;
    struct store *store = reopen(&found);
    struct stat file;

    (void)state;
    assert_int_equal(found.n_ops + found.n_sessions, 0);
    assert_true(found.meta.seq == 0 && found.meta.epoch == 0);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    store->is->close(store);
}

static void what_was_committed_comes_back(void **state)
{
    struct found found;
    struct store_op op = some_op(2);
    struct store *store;

    (void)state;
    make_two();
    store = reopen(&found);
    assert_int_equal(found.n_ops, 2);
    assert_true(found.meta.epoch == 7 && found.meta.seq == 2 && found.meta.ticket == 2);
    assert_string_equal(found.last_keys, "[\"Project/25\",\"File/a%2Fb\"]");
    op.state = 2;
    op.seq = 3;
    op.keys = (struct slice){0};
    put(store, STORE_CHANGE, op, hash_of(2));
    put(store, STORE_REMOVE, some_op(1), hash_of(1));
    store->is->close(store);
    store = reopen(&found);
    assert_int_equal(found.n_ops, 1);
    assert_int_equal(found.tickets[0], 2);
    assert_int_equal(found.states[0], 2);
    assert_string_equal(found.last_keys, "");
    store->is->close(store);
}

static const char add_a_row[] =
    "INSERT INTO operation SELECT 3, ns, id, session, detached, wait_ms, claim_in_ms, who, why,"
    " submitted_ms, content, parent, max_hold_ms, on_change, unchanged_since, seq, state, ending,"
    " token, claimed_by, tied, lease_ms, granted_ms, ended_ms, keys, shared, meta, payload,"
    " progress, outcome, why_ended, changed"
    " FROM operation WHERE ticket = 2";

static void a_changed_row_a_missing_row_and_a_new_row_are_noticed(void **state)
{
    static const char *const damage[] = {
        "UPDATE operation SET token = 9 WHERE ticket = 1",
        "UPDATE operation SET meta = NULL WHERE ticket = 1",
        "DELETE FROM operation WHERE ticket = 1",
        add_a_row,
        "UPDATE meta SET hash = hash + 1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct store_result result;
        unlink(path);
        make_two();
        run_sql(damage[i]);
        result = refusal();
        assert_int_equal(result.status, STORE_DAMAGED);
        assert_non_null(strstr(result.why, "state hash differs"));
    }
}

static void a_foreign_file_and_a_newer_version_are_refused(void **state)
{
    struct store_result result;

    (void)state;
    make_two();
    run_sql("PRAGMA user_version = 99");
    result = refusal();
    assert_int_equal(result.status, STORE_DAMAGED);
    assert_non_null(strstr(result.why, "version 99"));
    unlink(path);
    run_sql("CREATE TABLE somebody_elses(x)");
    result = refusal();
    assert_int_equal(result.status, STORE_DAMAGED);
    assert_non_null(strstr(result.why, "not a database of lockq"));
}

static void what_is_no_database_is_refused_and_left_alone(void **state)
{
    char text[20000];
    int fd = open(path, O_CREAT | O_WRONLY, 0600);

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(write(fd, text, sizeof text), sizeof text);
    close(fd);
    assert_int_equal(refusal().status, STORE_DAMAGED);
    fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof text), sizeof text);
    assert_int_equal(text[0], 'x');
    close(fd);
}

static void a_second_process_is_told_that_another_has_it(void **state)
{
    struct found found;
    struct store *store = reopen(&found);
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(refusal().status == STORE_BUSY ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    store->is->close(store);
}

static void a_missing_folder_is_named(void **state)
{
    struct store_result result;

    (void)state;
    strcat(folder, "/missing");
    snprintf(path, sizeof path, "%s/lockq.db", folder);
    result = refusal();
    folder[strlen(folder) - strlen("/missing")] = '\0';
    assert_int_equal(result.status, STORE_FAILED);
    assert_non_null(strstr(result.why, "missing/lockq.db"));
    assert_non_null(strstr(result.why, "No such file"));
}

/* A process that commits operations 1, 2, 3 ... and says each on a pipe when it is durable. */
static pid_t start_writer(int *said)
{
    int ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        struct found *found = calloc(1, sizeof *found);
        struct store *store = create();
        if (found == NULL || open_it(store, found).status != STORE_OK)
            _exit(1);
        hash_so_far = found->meta.hash;
        for (int64_t ticket = (int64_t)found->meta.ticket + 1;; ticket++) {
            put(store, STORE_PUT, some_op(ticket), 0);
            if (write(ends[1], &ticket, sizeof ticket) != sizeof ticket)
                _exit(0);
        }
    }
    close(ends[1]);
    *said = ends[0];
    return child;
}

static void what_a_killed_process_had_said_is_there(void **state)
{
    int64_t last = 0;

    (void)state;
    srand(1);
    for (int kill_number = 0; kill_number < 60; kill_number++) {
        struct found *found = calloc(1, sizeof *found);
        int said, after = 1 + rand() % 20;
        pid_t writer = start_writer(&said);
        struct store *store;
        for (int i = 0; i < after; i++)
            assert_int_equal(read(said, &last, sizeof last), sizeof last);
        kill(writer, SIGKILL);
        while (read(said, &last, sizeof last) == sizeof last)
            ;
        waitpid(writer, NULL, 0);
        close(said);
        store = reopen(found);
        /* All that was said, and at most the one commit whose word was lost. */
        assert_in_range(found->n_ops, last, last + 1);
        assert_int_equal(found->tickets[found->n_ops - 1], found->n_ops);
        store->is->close(store);
        free(found);
    }
}

static void a_commit_that_does_not_fit_fails_and_nothing_of_it_is_there(void **state)
{
    static char large[1 << 20];
    struct rlimit before, small = {.rlim_cur = 128 * 1024};
    struct store_op op = some_op(3);
    struct store_op_record record = {STORE_PUT, op};
    struct store_batch batch = {.ops = &record, .n_ops = 1};
    struct store_result result;
    struct found found;
    struct store *store;

    (void)state;
    make_two();
    store = reopen(&found);
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
    store = reopen(&found);
    assert_int_equal(found.n_ops, 2);
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
    make_two();
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
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
    struct store_op a = some_op(1), b = some_op(1);

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_is_empty),
        TEST(what_was_committed_comes_back),
        TEST(a_changed_row_a_missing_row_and_a_new_row_are_noticed),
        TEST(a_foreign_file_and_a_newer_version_are_refused),
        TEST(what_is_no_database_is_refused_and_left_alone),
        TEST(a_second_process_is_told_that_another_has_it),
        TEST(a_missing_folder_is_named),
        TEST(what_a_killed_process_had_said_is_there),
        TEST(a_commit_that_does_not_fit_fails_and_nothing_of_it_is_there),
        TEST(the_view_shows_each_key_of_what_is_granted),
        TEST(hashes_tell_absent_from_empty_and_see_what_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
