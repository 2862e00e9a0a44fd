/*
 * SQLite: the embedded store.
 *
 * One connection in WAL mode with synchronous=FULL, EXCLUSIVE unless others may read. Three things
 * that SQLite leaves to its user are done here:
 *
 *   - Before the first row is handed over, the WAL is checkpointed and truncated. A restart after
 *     SIGKILL would otherwise serve frames that lie only in the page cache, and a power loss after
 *     that would take back what clients had seen.
 *   - Every pragma is read back: journal_mode says "wal" even where it failed.
 *   - Checkpoints are made here, not by SQLite, which swallows their errors.
 *
 * A failed COMMIT is not tried again: whether it is in the file is known only after a new opening.
 *
 * Schema: one table row for each operation, with the columns of store.h; sessions; one row of meta.
 * No index: the daemon answers from memory. The view object_lock shows what is granted, one row a
 * key: model_name is the first segment, object_id the rest (for a key of two segments its decoded
 * second one).
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store.h"

#define APPLICATION_ID  0x6c6f636b /* "lock" */
#define SCHEMA_VERSION  1
#define PAGE_SIZE       4096
#define WAL_PASSIVE_MAX (4 * 1024 * 1024 / PAGE_SIZE)
#define WAL_TRUNCATE    (16 * 1024 * 1024 / PAGE_SIZE)

enum statement {
    BEGIN,
    COMMIT,
    PUT_OP,
    CHANGE_OP,
    REMOVE_OP,
    PUT_SESSION,
    REMOVE_SESSION,
    PUT_META,
    STATEMENTS
};

struct sqlite_store {
    struct store base;
    char *path;
    bool readers;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    int wal_pages; /* in the WAL after the last commit */
};

#define COLUMN_INT(name)  #name " INTEGER NOT NULL,"
#define COLUMN_TEXT(name) #name " TEXT,"
#define COLUMN_BLOB(name) #name " BLOB,"
#define COLUMN_NAME(name) #name ","
#define COLUMN_MARK(name) "?,"
#define COLUMN_SET(name)  #name "=?,"

static const char schema[] = "CREATE TABLE operation(" STORE_OP_COLUMNS(
    COLUMN_INT, COLUMN_TEXT,
    COLUMN_BLOB) "PRIMARY KEY(ticket)) STRICT;"
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

static const char *const statement_texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [REMOVE_OP] = "DELETE FROM operation WHERE ticket = ?",
    [PUT_SESSION] = "INSERT OR REPLACE INTO session VALUES(?, ?, ?, ?, ?)",
    [REMOVE_SESSION] = "DELETE FROM session WHERE id = ?",
    [PUT_META] = "UPDATE meta SET epoch = ?, seq = ?, ticket = ?, hash = ? WHERE one = 1",
};

/* --- what went wrong ------------------------------------------------------------------------- */

static struct store_result result(enum store_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct store_result result(enum store_status status, const char *format, ...)
{
    struct store_result r = {.status = status};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(r.why, sizeof r.why, format, arguments);
    va_end(arguments);
    return r;
}

static struct store_result failed(struct sqlite_store *store, const char *doing)
{
    int code = sqlite3_errcode(store->db);
    int system = sqlite3_system_errno(store->db);
    enum store_status status = code == SQLITE_BUSY || code == SQLITE_LOCKED      ? STORE_BUSY
                               : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? STORE_DAMAGED
                                                                                 : STORE_FAILED;

    return result(status, "%s: %s: %s%s%s", doing, store->path,
                  status == STORE_BUSY ? "another process has it" : sqlite3_errmsg(store->db),
                  system != 0 ? ": " : "", system != 0 ? strerror(system) : "");
}

static struct store_result fine(void)
{
    return (struct store_result){.status = STORE_OK};
}

/* --- opening --------------------------------------------------------------------------------- */

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
        return failed(store, "open store");
    snprintf(text, sizeof text, "PRAGMA %s", name);
    if (sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        sqlite3_finalize(statement);
        return failed(store, "open store");
    }
    read = (const char *)sqlite3_column_text(statement, 0);
    is_set = read != NULL && strcmp(read, expected) == 0;
    if (sqlite3_finalize(statement) != SQLITE_OK)
        return failed(store, "open store");
    return is_set ? fine()
                  : result(STORE_FAILED, "open store: %s: %s cannot be set to %s", store->path,
                           name, value);
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
        {"cache_size", "-32768", "-32768"},
        {"trusted_schema", "OFF", "0"},
    };

    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
        struct store_result r =
            set_pragma(store, pragmas[i].name, pragmas[i].value, pragmas[i].expected);
        if (r.status != STORE_OK)
            return r;
    }
    return fine();
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
        return failed(store, "create store");
    return fine();
}

/* Whose file it is and of which version. */
static struct store_result check_version(struct sqlite_store *store)
{
    int64_t application, version, tables;

    if (!read_number(store, "PRAGMA application_id", &application) ||
        !read_number(store, "PRAGMA user_version", &version) ||
        !read_number(store, "SELECT count(*) FROM sqlite_schema", &tables))
        return failed(store, "open store");
    if (application == 0 && version == 0 && tables == 0)
        return create_schema(store);
    if (application != APPLICATION_ID)
        return result(STORE_DAMAGED, "open store: %s: not a database of lockq", store->path);
    if (version != SCHEMA_VERSION)
        return result(STORE_DAMAGED,
                      "open store: %s: it has version %lld, this daemon knows version %d",
                      store->path, (long long)version, SCHEMA_VERSION);
    return fine();
}

static struct store_result checkpoint(struct sqlite_store *store, int mode)
{
    int in_wal = 0, moved = 0;

    if (sqlite3_wal_checkpoint_v2(store->db, NULL, mode, &in_wal, &moved) != SQLITE_OK)
        /* With readers a checkpoint may have to wait for one: the next will move the rest. */
        return sqlite3_errcode(store->db) == SQLITE_BUSY && store->readers
                   ? fine()
                   : failed(store, "checkpoint");
    store->wal_pages = in_wal - moved;
    return fine();
}

static bool prepare(struct sqlite_store *store, enum statement which, const char *sql)
{
    return sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                              &store->statements[which], NULL) == SQLITE_OK;
}

/* The statements that are made from the lists of columns: the comma behind the last one gives way
 * to the statement's end. */
static bool prepare_from_columns(struct sqlite_store *store)
{
    static const char put[] = "INSERT OR REPLACE INTO operation VALUES(" STORE_OP_COLUMNS(
        COLUMN_MARK, COLUMN_MARK, COLUMN_MARK);
    static const char change[] =
        "UPDATE operation SET " STORE_OP_CHANGING_COLUMNS(COLUMN_SET, COLUMN_SET, COLUMN_SET);
    char text[sizeof put + sizeof change + 32];

    snprintf(text, sizeof text, "%.*s)", (int)sizeof put - 2, put);
    if (!prepare(store, PUT_OP, text))
        return false;
    snprintf(text, sizeof text, "%.*s WHERE ticket=?", (int)sizeof change - 2, change);
    return prepare(store, CHANGE_OP, text);
}

static struct store_result prepare_all(struct sqlite_store *store)
{
    bool is_done = prepare_from_columns(store);

    for (int i = 0; i < STATEMENTS && is_done; i++)
        is_done = statement_texts[i] == NULL || prepare(store, i, statement_texts[i]);
    return is_done ? fine() : failed(store, "open store");
}

static struct store_result open_file(struct sqlite_store *store)
{
    /* The file is made here, so that its mode does not hang on the umask. */
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return result(STORE_FAILED, "open store: %s: %s", store->path, strerror(errno));
    close(fd);
    if (sqlite3_open_v2(store->path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK)
        return failed(store, "open store");
    sqlite3_extended_result_codes(store->db, 0);
    return fine();
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
    int i = 0;
#define READ_INT(name)   op->name = sqlite3_column_int64(statement, i++);
#define READ_SLICE(name) op->name = column(statement, i++);
    STORE_OP_COLUMNS(READ_INT, READ_SLICE, READ_SLICE)
#undef READ_INT
#undef READ_SLICE
}

static struct store_result damaged(struct sqlite_store *store, const char *what)
{
    return result(STORE_DAMAGED, "open store: %s: %s", store->path, what);
}

static struct store_result recover_sessions(struct sqlite_store *store,
                                            const struct store_recovery *recovery, uint64_t *hash)
{
    sqlite3_stmt *statement = NULL;
    bool is_taken = true;
    int code;

    if (sqlite3_prepare_v2(store->db, "SELECT * FROM session ORDER BY id", -1, &statement, NULL) !=
        SQLITE_OK)
        return failed(store, "recover");
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
    return code == SQLITE_DONE ? fine() : failed(store, "recover");
}

static struct store_result recover_ops(struct sqlite_store *store,
                                       const struct store_recovery *recovery, uint64_t *hash)
{
    sqlite3_stmt *statement = NULL;
    bool is_taken = true;
    int code;

    if (sqlite3_prepare_v2(store->db, "SELECT * FROM operation ORDER BY ticket", -1, &statement,
                           NULL) != SQLITE_OK)
        return failed(store, "recover");
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && is_taken) {
        struct store_op op;
        read_op(statement, &op);
        *hash += store_op_hash(&op);
        is_taken = recovery->on_op(recovery->context, &op);
    }
    sqlite3_finalize(statement);
    if (!is_taken)
        return damaged(store, "a stored operation contradicts the others");
    return code == SQLITE_DONE ? fine() : failed(store, "recover");
}

static struct store_result recover_meta(struct sqlite_store *store, struct store_meta *meta)
{
    int64_t epoch, seq, ticket, hash;

    if (!read_number(store, "SELECT epoch FROM meta", &epoch) ||
        !read_number(store, "SELECT seq FROM meta", &seq) ||
        !read_number(store, "SELECT ticket FROM meta", &ticket) ||
        !read_number(store, "SELECT hash FROM meta", &hash))
        return damaged(store, "its meta row is missing");
    *meta = (struct store_meta){(uint64_t)epoch, (uint64_t)seq, (uint64_t)ticket, (uint64_t)hash};
    return fine();
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

static struct store_result sqlite_open(struct store *base, const struct store_recovery *recovery,
                                       struct store_meta *meta)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct store_result r = open_file(store);

    if (r.status == STORE_OK)
        r = set_pragmas(store);
    if (r.status == STORE_OK)
        r = check_version(store);
    if (r.status == STORE_OK)
        r = checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
    if (r.status == STORE_OK)
        r = prepare_all(store);
    if (r.status == STORE_OK)
        r = recover(store, recovery, meta);
    return r;
}

/* --- commits --------------------------------------------------------------------------------- */

static bool run(struct sqlite_store *store, enum statement which)
{
    sqlite3_stmt *statement = store->statements[which];
    int code = sqlite3_step(statement);

    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

static void bind_text(sqlite3_stmt *statement, int i, struct slice text)
{
    if (text.at == NULL)
        sqlite3_bind_null(statement, i);
    else
        sqlite3_bind_text(statement, i, text.at, (int)text.n, SQLITE_STATIC);
}

static void bind_blob(sqlite3_stmt *statement, int i, struct slice blob)
{
    if (blob.at == NULL)
        sqlite3_bind_null(statement, i);
    else
        sqlite3_bind_blob(statement, i, blob.at, (int)blob.n, SQLITE_STATIC);
}

#define BIND_INT(name)  sqlite3_bind_int64(statement, ++i, op->name);
#define BIND_TEXT(name) bind_text(statement, ++i, op->name);
#define BIND_BLOB(name) bind_blob(statement, ++i, op->name);

static bool put_op(struct sqlite_store *store, const struct store_op *op)
{
    sqlite3_stmt *statement = store->statements[PUT_OP];
    int i = 0;

    STORE_OP_COLUMNS(BIND_INT, BIND_TEXT, BIND_BLOB)
    return run(store, PUT_OP);
}

/* Costs about two thirds of a put: the row is written over in its place. */
static bool change_op(struct sqlite_store *store, const struct store_op *op)
{
    sqlite3_stmt *statement = store->statements[CHANGE_OP];
    int i = 0;

    STORE_OP_CHANGING_COLUMNS(BIND_INT, BIND_TEXT, BIND_BLOB)
    sqlite3_bind_int64(statement, ++i, op->ticket);
    return run(store, CHANGE_OP);
}

#undef BIND_INT
#undef BIND_TEXT
#undef BIND_BLOB

static bool remove_row(struct sqlite_store *store, enum statement which, int64_t id)
{
    sqlite3_bind_int64(store->statements[which], 1, id);
    return run(store, which);
}

static bool put_session(struct sqlite_store *store, const struct store_session *session)
{
    sqlite3_stmt *statement = store->statements[PUT_SESSION];

    sqlite3_bind_int64(statement, 1, (int64_t)session->id);
    sqlite3_bind_int64(statement, 2, (int64_t)session->grace_ms);
    bind_text(statement, 3, session->ns);
    bind_text(statement, 4, session->secret);
    bind_text(statement, 5, session->peer);
    return run(store, PUT_SESSION);
}

static bool put_meta(struct sqlite_store *store, const struct store_meta *meta)
{
    sqlite3_stmt *statement = store->statements[PUT_META];

    sqlite3_bind_int64(statement, 1, (int64_t)meta->epoch);
    sqlite3_bind_int64(statement, 2, (int64_t)meta->seq);
    sqlite3_bind_int64(statement, 3, (int64_t)meta->ticket);
    sqlite3_bind_int64(statement, 4, (int64_t)meta->hash);
    return run(store, PUT_META);
}

static bool write_op(struct sqlite_store *store, const struct store_op_record *record)
{
    switch (record->change) {
    case STORE_PUT:
        return put_op(store, &record->op);
    case STORE_CHANGE:
        return change_op(store, &record->op);
    default:
        return remove_row(store, REMOVE_OP, record->op.ticket);
    }
}

static bool write_batch(struct sqlite_store *store, const struct store_batch *batch)
{
    for (uint32_t i = 0; i < batch->n_sessions; i++) {
        const struct store_session_record *record = &batch->sessions[i];
        if (!(record->change == STORE_PUT
                  ? put_session(store, &record->session)
                  : remove_row(store, REMOVE_SESSION, (int64_t)record->session.id)))
            return false;
    }
    for (uint32_t i = 0; i < batch->n_ops; i++)
        if (!write_op(store, &batch->ops[i]))
            return false;
    return put_meta(store, &batch->meta);
}

static int on_wal(void *context, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *store = context;

    (void)db;
    (void)name;
    store->wal_pages = pages;
    return SQLITE_OK;
}

static struct store_result sqlite_commit(struct store *base, const struct store_batch *batch)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    sqlite3_wal_hook(store->db, on_wal, store);
    if (!run(store, BEGIN) || !write_batch(store, batch) || !run(store, COMMIT))
        return failed(store, "commit");
    if (store->wal_pages > WAL_TRUNCATE)
        return checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
    if (store->wal_pages > WAL_PASSIVE_MAX)
        return checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
    return fine();
}

static struct store_result sqlite_on_idle(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    return store->wal_pages > 0 ? checkpoint(store, SQLITE_CHECKPOINT_PASSIVE) : fine();
}

static uint64_t sqlite_free_bytes(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct statvfs fs;

    if (statvfs(store->path, &fs) != 0)
        return UINT64_MAX;
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}

static const struct store_interface sqlite_interface = {
    .backend = "sqlite",
    .open = sqlite_open,
    .commit = sqlite_commit,
    .free_bytes = sqlite_free_bytes,
    .on_idle = sqlite_on_idle,
    .close = sqlite_close,
};

struct store *store_sqlite_create(const struct store_sqlite_config *config)
{
    struct sqlite_store *store = memory_alloc_zeroed(1, sizeof *store);
    size_t n = strlen(config->path) + 1;

    store->base.is = &sqlite_interface;
    store->path = memory_alloc(n);
    memcpy(store->path, config->path, n);
    store->readers = config->readers;
    return &store->base;
}
