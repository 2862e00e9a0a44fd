/*
 * SQLite: the embedded store.
 *
 * One connection in WAL mode with synchronous=FULL, EXCLUSIVE unless others may read. Four things
 * that SQLite leaves to its user are done here:
 *
 *   - Before the first row is handed over, what the WAL shows is made durable (sqlite_wal.c), and
 *     the WAL is checkpointed and truncated. A restart after
 *     SIGKILL would otherwise serve frames that lie only in the page cache, and a power loss after
 *     that would take back what clients had seen.
 *   - Every pragma is read back: journal_mode says "wal" even where it failed.
 *   - Checkpoints are made here, not by SQLite, which swallows their errors.
 *   - Each commit looks whether the files still have their names.
 *
 * A failed COMMIT is not tried again: whether it is in the file is known only after a new opening.
 *
 * Schema: one table row for each operation, with its place (places.h) and the columns of store.h;
 * sessions; one row of meta. No index: the daemon answers from memory. The view object_lock shows
 * what is granted, one row a key: model_name is the first segment, object_id the rest (for a key of
 * two segments its decoded second one).
 */
#include "store/sqlite_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/memory.h"

#define PAGE_SIZE       4096
#define WAL_PASSIVE_MAX (4 * 1024 * 1024 / PAGE_SIZE)
#define WAL_TRUNCATE    (16 * 1024 * 1024 / PAGE_SIZE)

static const char *const statement_texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [REMOVE_OP] = "DELETE FROM operation WHERE place = ?",
    [PUT_SESSION] = "INSERT OR REPLACE INTO session VALUES(?, ?, ?, ?, ?)",
    [REMOVE_SESSION] = "DELETE FROM session WHERE id = ?",
    [PUT_META] = "UPDATE meta SET epoch = ?, seq = ?, ticket = ?, hash = ? WHERE one = 1",
};

/* --- what went wrong ------------------------------------------------------------------------- */

struct store_result sqlite_result(enum store_status status, const char *format, ...)
{
    struct store_result r = {.status = status};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(r.why, sizeof r.why, format, arguments);
    va_end(arguments);
    return r;
}

struct store_result sqlite_failed(struct sqlite_store *store, const char *doing)
{
    int code = sqlite3_errcode(store->db);
    int system = sqlite3_system_errno(store->db);
    enum store_status status = code == SQLITE_BUSY || code == SQLITE_LOCKED      ? STORE_BUSY
                               : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? STORE_DAMAGED
                                                                                 : STORE_FAILED;

    return sqlite_result(status, "%s: %s: %s%s%s", doing, store->path,
                         status == STORE_BUSY ? "another process has it"
                                              : sqlite3_errmsg(store->db),
                         system != 0 ? ": " : "", system != 0 ? strerror(system) : "");
}

struct store_result sqlite_fine(void)
{
    return (struct store_result){.status = STORE_OK};
}

/* --- statements and checkpoints ------------------------------------------------------------- */

struct store_result sqlite_checkpoint(struct sqlite_store *store, int mode)
{
    int in_wal = 0, moved = 0;

    if (sqlite3_wal_checkpoint_v2(store->db, NULL, mode, &in_wal, &moved) != SQLITE_OK)
        /* With readers a checkpoint may have to wait for one: the next will move the rest. */
        return sqlite3_errcode(store->db) == SQLITE_BUSY && store->readers
                   ? sqlite_fine()
                   : sqlite_failed(store, "checkpoint");
    store->wal_pages = in_wal - moved;
    return sqlite_fine();
}

static bool prepare(struct sqlite_store *store, enum statement which)
{
    return sqlite3_prepare_v3(store->db, statement_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                              &store->statements[which], NULL) == SQLITE_OK;
}

struct store_result sqlite_prepare(struct sqlite_store *store)
{
    bool is_done = sqlite_put_prepare(&store->put, store->db);

    for (int i = 0; i < STATEMENTS && is_done; i++)
        is_done = prepare(store, i);
    return is_done ? sqlite_fine() : sqlite_failed(store, "open store");
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
    sqlite3_bind_text(statement, i, text.at, (int)text.n, SQLITE_STATIC);
}

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
    if (record->change == STORE_PUT)
        return sqlite_put_add(&store->put, &record->op,
                              places_take(&store->places, record->op.ticket));
    places_leave(&store->places, record->op.ticket);
    return true;
}

static bool write_session(struct sqlite_store *store, const struct store_session_record *record)
{
    return record->change == STORE_PUT
               ? put_session(store, &record->session)
               : remove_row(store, REMOVE_SESSION, (int64_t)record->session.id);
}

static bool write_batch(struct sqlite_store *store, const struct store_batch *batch)
{
    int64_t place;

    for (uint32_t i = 0; i < batch->n_sessions; i++)
        if (!write_session(store, &batch->sessions[i]))
            return false;
    for (uint32_t i = 0; i < batch->n_ops; i++)
        if (!write_op(store, &batch->ops[i]))
            return false;
    if (!sqlite_put_all(&store->put))
        return false;
    while (places_next_left(&store->places, &place))
        if (!remove_row(store, REMOVE_OP, place))
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

/* Whether its files are where the next start will look for them. What goes to one that was moved or
 * removed is lost with this process; and another daemon may have begun in its place. */
static struct store_result check_place(struct sqlite_store *store, const char *doing)
{
    int has_moved = 0;

    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    if (has_moved == 0 && (store->wal_inode == 0 || sqlite_wal_inode(store) == store->wal_inode))
        return sqlite_fine();
    return sqlite_result(STORE_FAILED, "%s: %s%s: it was moved, removed or replaced", doing,
                         store->path, has_moved == 0 ? "-wal" : "");
}

static struct store_result sqlite_commit(struct store *base, const struct store_batch *batch)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct store_result r;

    sqlite3_wal_hook(store->db, on_wal, store);
    if (!run(store, BEGIN) || !write_batch(store, batch) || !run(store, COMMIT))
        return sqlite_failed(store, "commit");
    r = check_place(store, "commit");
    if (r.status != STORE_OK)
        return r;
    if (store->wal_pages > WAL_TRUNCATE && !store->readers) /* it would wait for them */
        return sqlite_checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
    if (store->wal_pages > WAL_PASSIVE_MAX)
        return sqlite_checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
    return sqlite_fine();
}

static struct store_result sqlite_on_idle(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct store_result r = check_place(store, "checkpoint");

    return r.status == STORE_OK && store->wal_pages > 0
               ? sqlite_checkpoint(store, SQLITE_CHECKPOINT_PASSIVE)
               : r;
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
    sqlite_put_finish(&store->put);
    sqlite3_close(store->db);
    places_finish(&store->places);
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
