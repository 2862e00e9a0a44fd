/*
 * Bringing a database up: its file, its pragmas, its version, its rows.
 */
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#define READERS_WAIT_MS 5000

/* The bytes that SQLite locks while it has a database open. */
#define LOCK_FIRST 0x40000002
#define LOCK_N     510

#define APPLICATION_ID 0x6c6f636b /* "lock" */
#define SCHEMA_VERSION 4

/* Nothing is asked of an operation's columns: whoever else writes them is found out by the state
 * hash, and NOT NULL and STRICT took a twentieth of a commit. */
#define COLUMN_INT(name)  ", " #name " INTEGER"
#define COLUMN_TEXT(name) ", " #name " TEXT"
#define COLUMN_BLOB(name) ", " #name " BLOB"

static const char schema[] = "CREATE TABLE operation(place INTEGER PRIMARY KEY" STORE_OP_COLUMNS(
    COLUMN_INT, COLUMN_TEXT,
    COLUMN_BLOB) ");"
                 "CREATE TABLE session(id INTEGER PRIMARY KEY, grace_ms INTEGER NOT NULL, ns TEXT "
                 "NOT NULL,"
                 " secret TEXT NOT NULL, peer TEXT NOT NULL) STRICT;"
                 "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK(one = 1), epoch INTEGER NOT NULL,"
                 " seq INTEGER NOT NULL, ticket INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT;"
                 "CREATE VIEW object_lock(id, model_name, object_id, operation_id, created_at) AS"
                 " WITH held(id, path, operation_id, granted_ms) AS ("
                 "  SELECT operation.ticket || '/' || json_each.key, json_each.value, "
                 "operation.id, granted_ms"
                 "   FROM operation, json_each(operation.keys) WHERE state = 1"
                 "  UNION ALL"
                 "  SELECT operation.ticket || '/s' || json_each.key, json_each.value, "
                 "operation.id, granted_ms"
                 "   FROM operation, json_each(operation.shared) WHERE state = 1)"
                 " SELECT id,"
                 "  replace(replace(substr(path, 1, instr(path || '/', '/') - 1), '%2F', '/'), "
                 "'%25', '%'),"
                 "  replace(replace(substr(path, instr(path || '/', '/') + 1), '%2F', '/'), '%25', "
                 "'%'),"
                 "  operation_id, strftime('%Y-%m-%dT%H:%M:%fZ', granted_ms / 1000.0, 'unixepoch')"
                 " FROM held;"
                 "INSERT INTO meta VALUES(1, 0, 0, 0, 0);";

/* --- the file and its settings -------------------------------------------------------------- */

/* Sets a pragma and reads it back. */
static struct store_result set_pragma(struct sqlite_store *store, const char *name,
                                      const char *value, const char *expected)
{
    char text[96];
    sqlite3_stmt *statement = NULL;
    const char *read;
    bool is_set;

    snprintf(text, sizeof text, "PRAGMA %s=%s", name, value);
    if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_failed(store, "open store");
    snprintf(text, sizeof text, "PRAGMA %s", name);
    if (sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        sqlite3_finalize(statement);
        return sqlite_failed(store, "open store");
    }
    read = (const char *)sqlite3_column_text(statement, 0);
    is_set = read != NULL && strcmp(read, expected) == 0;
    if (sqlite3_finalize(statement) != SQLITE_OK)
        return sqlite_failed(store, "open store");
    return is_set ? sqlite_fine()
                  : sqlite_result(STORE_FAILED, "open store: %s: %s cannot be set to %s",
                                  store->path, name, value);
}

static struct store_result set_pragmas(struct sqlite_store *store)
{
    const struct {
        const char *name, *value, *expected;
    } pragmas[] = {
        {"locking_mode", store->readers ? "NORMAL" : "EXCLUSIVE",
         store->readers ? "normal" : "exclusive"},
        {"journal_mode", "WAL", "wal"},
        {"synchronous", "FULL", "2"},
        {"wal_autocheckpoint", "0", "0"},
        {"journal_size_limit", "16777216", "16777216"}, /* when it begins again */
        {"cache_size", "-32768", "-32768"},
        {"trusted_schema", "OFF", "0"},
    };

    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
        struct store_result r =
            set_pragma(store, pragmas[i].name, pragmas[i].value, pragmas[i].expected);
        if (r.status != STORE_OK)
            return r;
    }
    return sqlite_fine();
}

static bool read_number(struct sqlite_store *store, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    bool is_read = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
                   sqlite3_step(statement) == SQLITE_ROW;

    if (is_read)
        *number = sqlite3_column_int64(statement, 0);
    return sqlite3_finalize(statement) == SQLITE_OK && is_read;
}

static struct store_result create_schema(struct sqlite_store *store)
{
    char mark[96];

    snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION_ID,
             SCHEMA_VERSION);
    if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(store->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(store->db, mark, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_failed(store, "create store");
    return sqlite_fine();
}

/* Whose file it is and of which version. */
static struct store_result check_version(struct sqlite_store *store)
{
    int64_t application, version, tables;

    if (!read_number(store, "PRAGMA application_id", &application) ||
        !read_number(store, "PRAGMA user_version", &version) ||
        !read_number(store, "SELECT count(*) FROM sqlite_schema", &tables))
        return sqlite_failed(store, "open store");
    if (application == 0 && version == 0 && tables == 0)
        return create_schema(store);
    if (application != APPLICATION_ID)
        return sqlite_result(STORE_DAMAGED, "open store: %s: not a database of lockq", store->path);
    if (version != SCHEMA_VERSION)
        return sqlite_result(STORE_DAMAGED,
                             "open store: %s: it has version %lld, this daemon knows version %d",
                             store->path, (long long)version, SCHEMA_VERSION);
    return sqlite_fine();
}

/* Whether nobody has the database open, so long as `fd` is: SQLite's own locks would tell. Where
 * nothing can be locked, nobody is asked. */
static bool take_alone(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_start = LOCK_FIRST, .l_len = LOCK_N};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES);
}

/* Makes the file here, so that its mode does not hang on the umask, and renews its WAL. With
 * readers the WAL stays: they have it open, and would go on with the old one. */
static struct store_result prepare_file(struct sqlite_store *store)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct store_result r = sqlite_fine();

    if (fd < 0)
        return sqlite_result(STORE_FAILED, "open store: %s: %s", store->path, strerror(errno));
    if (!store->readers)
        r = take_alone(fd)
                ? sqlite_renew_wal(store)
                : sqlite_result(STORE_BUSY, "open store: %s: another process has it", store->path);
    close(fd);
    return r;
}

static struct store_result open_file(struct sqlite_store *store)
{
    struct store_result r = prepare_file(store);

    if (r.status != STORE_OK)
        return r;
    if (sqlite3_open_v2(store->path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK)
        return sqlite_failed(store, "open store");
    sqlite3_extended_result_codes(store->db, 0);
    if (store->readers) /* who opens or closes the file has it for a moment */
        sqlite3_busy_timeout(store->db, READERS_WAIT_MS);
    return sqlite_fine();
}

/* --- recovery -------------------------------------------------------------------------------- */

static struct slice column(sqlite3_stmt *statement, int i)
{
    const void *bytes = sqlite3_column_blob(statement, i);
    int n = sqlite3_column_bytes(statement, i);

    if (sqlite3_column_type(statement, i) == SQLITE_NULL)
        return (struct slice){0};
    return (struct slice){bytes == NULL ? "" : bytes, (uint32_t)n};
}

static void read_op(sqlite3_stmt *statement, struct store_op *op)
{
    int i = 1; /* behind its place */
#define READ_INT(name)   op->name = sqlite3_column_int64(statement, i++);
#define READ_SLICE(name) op->name = column(statement, i++);
    STORE_OP_COLUMNS(READ_INT, READ_SLICE, READ_SLICE)
#undef READ_INT
#undef READ_SLICE
}

static struct store_result damaged(struct sqlite_store *store, const char *what)
{
    return sqlite_result(STORE_DAMAGED, "open store: %s: %s", store->path, what);
}

static struct store_result recover_sessions(struct sqlite_store *store,
                                            const struct store_recovery *recovery, uint64_t *hash)
{
    sqlite3_stmt *statement = NULL;
    bool is_taken = true;
    int code;

    if (sqlite3_prepare_v2(store->db, "SELECT * FROM session ORDER BY id", -1, &statement, NULL) !=
        SQLITE_OK)
        return sqlite_failed(store, "recover");
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && is_taken) {
        struct store_session session = {.id = (uint64_t)sqlite3_column_int64(statement, 0),
                                        .grace_ms = (uint64_t)sqlite3_column_int64(statement, 1),
                                        .ns = column(statement, 2),
                                        .secret = column(statement, 3),
                                        .peer = column(statement, 4)};
        *hash += store_session_hash(&session);
        is_taken = recovery->on_session(recovery->context, &session);
    }
    sqlite3_finalize(statement);
    if (!is_taken)
        return damaged(store, "a stored session contradicts the others");
    return code == SQLITE_DONE ? sqlite_fine() : sqlite_failed(store, "recover");
}

struct row {
    int64_t ticket, place;
};

static int by_ticket(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return (x->ticket > y->ticket) - (x->ticket < y->ticket);
}

/* Which rows there are, in ticket order. False: SQLite could not read them. */
static bool list_rows(struct sqlite_store *store, struct row **rows, uint32_t *n)
{
    sqlite3_stmt *statement = NULL;
    uint32_t cap = 0;

    if (sqlite3_prepare_v2(store->db, "SELECT ticket, place FROM operation", -1, &statement,
                           NULL) != SQLITE_OK)
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        if (*n == cap) {
            cap = cap == 0 ? 1024 : cap * 2;
            *rows = memory_resize(*rows, cap * sizeof **rows);
        }
        (*rows)[(*n)++] =
            (struct row){sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1)};
    }
    if (sqlite3_finalize(statement) != SQLITE_OK)
        return false;
    if (*n > 0)
        qsort(*rows, *n, sizeof **rows, by_ticket);
    return true;
}

/* Hands over one row. */
static struct store_result recover_op(struct sqlite_store *store, sqlite3_stmt *statement,
                                      const struct row *row, const struct store_recovery *recovery,
                                      uint64_t *hash)
{
    struct store_op op;
    bool is_taken;

    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, row->place);
    switch (sqlite3_step(statement)) {
    case SQLITE_ROW:
        break;
    case SQLITE_DONE:
        return damaged(store, "an operation is not where it is listed");
    default:
        return sqlite_failed(store, "recover");
    }
    read_op(statement, &op);
    *hash += store_op_hash(&op);
    is_taken = recovery->on_op(recovery->context, &op);
    places_add(&store->places, row->ticket, row->place);
    return is_taken ? sqlite_fine() : damaged(store, "a stored operation contradicts the others");
}

/* Two readings: sorting whole rows would need room for all of them. */
static struct store_result recover_ops(struct sqlite_store *store,
                                       const struct store_recovery *recovery, uint64_t *hash)
{
    struct store_result r = sqlite_fine();
    sqlite3_stmt *statement = NULL;
    struct row *rows = NULL;
    uint32_t n = 0;

    if (!list_rows(store, &rows, &n) ||
        sqlite3_prepare_v2(store->db, "SELECT * FROM operation WHERE place = ?", -1, &statement,
                           NULL) != SQLITE_OK)
        r = sqlite_failed(store, "recover");
    for (uint32_t i = 0; i < n && r.status == STORE_OK; i++)
        r = i > 0 && rows[i].ticket == rows[i - 1].ticket
                ? damaged(store, "two operations have one ticket")
                : recover_op(store, statement, &rows[i], recovery, hash);
    sqlite3_finalize(statement);
    free(rows);
    return r;
}

static struct store_result recover_meta(struct sqlite_store *store, struct store_meta *meta)
{
    int64_t epoch, seq, ticket, hash;

    if (!read_number(store, "SELECT epoch FROM meta", &epoch) ||
        !read_number(store, "SELECT seq FROM meta", &seq) ||
        !read_number(store, "SELECT ticket FROM meta", &ticket) ||
        !read_number(store, "SELECT hash FROM meta", &hash))
        return sqlite3_errcode(store->db) == SQLITE_OK || sqlite3_errcode(store->db) == SQLITE_DONE
                   ? damaged(store, "its meta row is missing")
                   : sqlite_failed(store, "recover");
    *meta = (struct store_meta){(uint64_t)epoch, (uint64_t)seq, (uint64_t)ticket, (uint64_t)hash};
    return sqlite_fine();
}

static struct store_result recover(struct sqlite_store *store,
                                   const struct store_recovery *recovery, struct store_meta *meta)
{
    uint64_t hash = 0;
    struct store_result r = recover_meta(store, meta);

    if (r.status == STORE_OK)
        r = recover_sessions(store, recovery, &hash);
    if (r.status == STORE_OK)
        r = recover_ops(store, recovery, &hash);
    if (r.status == STORE_OK && hash != meta->hash)
        r = damaged(store, "the state hash differs: the file was changed or has lost something");
    return r;
}

struct store_result sqlite_open(struct store *base, const struct store_recovery *recovery,
                                struct store_meta *meta)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct store_result r = open_file(store);

    if (r.status == STORE_OK)
        r = set_pragmas(store);
    if (r.status == STORE_OK)
        r = check_version(store);
    if (r.status == STORE_OK)
        r = sqlite_checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
    if (r.status == STORE_OK)
        r = sqlite_prepare(store);
    if (r.status == STORE_OK)
        r = recover(store, recovery, meta);
    if (r.status == STORE_OK)
        store->wal_inode = sqlite_wal_inode(store);
    return r;
}
