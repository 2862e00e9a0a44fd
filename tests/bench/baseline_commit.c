/*
 * The second baseline: a bare libuv server that does what durability costs, and nothing else. Of
 * all messages of one loop turn it makes one commit (WAL, synchronous=FULL): a row inserted for
 * each S, that row deleted for each R; then it answers them. Checkpoints are SQLite's own.
 *
 *     lockq-bench-commit unix:/path|tcp:127.0.0.1:port DATABASE
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"

#define TURN_MAX 4096
#define ID_SIZE  14 /* behind the kind of a message */

static struct message {
    uv_stream_t *client;
    char bytes[BASELINE_MESSAGE_SIZE];
} turn[TURN_MAX];

static int n_turn;
static sqlite3 *db;
static sqlite3_stmt *begin, *commit, *insert, *remove_row;

static void check(int code)
{
    if (code == SQLITE_OK || code == SQLITE_DONE)
        return;
    fprintf(stderr, "lockq-bench-commit: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void run(sqlite3_stmt *statement)
{
    check(sqlite3_step(statement));
    sqlite3_reset(statement);
}

static void open_database(const char *path)
{
    check(sqlite3_open(path, &db));
    check(
        sqlite3_exec(db,
                     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                     "PRAGMA synchronous=FULL;"
                     "CREATE TABLE IF NOT EXISTS op(id TEXT PRIMARY KEY, keys TEXT) WITHOUT ROWID;"
                     "DELETE FROM op",
                     NULL, NULL, NULL));
    check(sqlite3_prepare_v2(db, "BEGIN", -1, &begin, NULL));
    check(sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL));
    check(sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO op VALUES(?, ?)", -1, &insert, NULL));
    check(sqlite3_prepare_v2(db, "DELETE FROM op WHERE id = ?", -1, &remove_row, NULL));
}

static void write_row(const struct message *message)
{
    sqlite3_stmt *statement = message->bytes[0] == 'S' ? insert : remove_row;

    sqlite3_bind_text(statement, 1, message->bytes + 1, ID_SIZE, SQLITE_STATIC);
    if (statement == insert)
        sqlite3_bind_text(statement, 2, "[\"Task/0-0\"]", -1, SQLITE_STATIC);
    run(statement);
}

static void on_turn(uv_check_t *handle)
{
    (void)handle;
    if (n_turn == 0)
        return;
    run(begin);
    for (int i = 0; i < n_turn; i++)
        write_row(&turn[i]);
    run(commit);
    for (int i = 0; i < n_turn; i++)
        baseline_answer(turn[i].client, turn[i].bytes);
    n_turn = 0;
}

static void on_message(uv_stream_t *client, char *bytes)
{
    if (n_turn == TURN_MAX)
        abort();
    turn[n_turn].client = client;
    memcpy(turn[n_turn++].bytes, bytes, BASELINE_MESSAGE_SIZE);
}

int main(int argc, char **argv)
{
    uv_check_t check_handle;

    if (argc != 3)
        return 64;
    open_database(argv[2]);
    uv_check_init(uv_default_loop(), &check_handle);
    uv_check_start(&check_handle, on_turn);
    return baseline_serve(argv[1], on_message);
}
