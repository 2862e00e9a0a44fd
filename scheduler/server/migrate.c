#include "server/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"
#include "server/backing.h"
#include "server/log.h"

#define ROWS_AT_ONCE  1000
#define BYTES_AT_ONCE ((size_t)8 * 1024 * 1024)

/* Rows that a store holds already. */
struct rows {
    struct row {
        uint64_t id, hash;
        bool is_session;
    } * at;
    size_t n, cap;
};

struct copy {
    struct store *to;
    struct store_meta from; /* of the store that is read */
    uint64_t hash;          /* over what is in `to` */
    struct arena arena;
    struct store_op_record ops[ROWS_AT_ONCE];
    struct store_session_record sessions[ROWS_AT_ONCE];
    uint32_t n_ops, n_sessions;
    uint64_t ops_copied, sessions_copied;
    struct store_result result; /* of the last commit */
};

/* --- what is there already ------------------------------------------------------------------- */

static void add_row(struct rows *rows, uint64_t id, uint64_t hash, bool is_session)
{
    if (rows->n == rows->cap) {
        rows->cap = rows->cap == 0 ? 256 : rows->cap * 2;
        rows->at = memory_resize(rows->at, rows->cap * sizeof *rows->at);
    }
    rows->at[rows->n++] = (struct row){id, hash, is_session};
}

static bool see_session(void *context, const struct store_session *session)
{
    add_row(context, session->id, store_session_hash(session), true);
    return true;
}

static bool see_op(void *context, const struct store_op *op)
{
    add_row(context, (uint64_t)op->ticket, store_op_hash(op), false);
    return true;
}

/* --- copying --------------------------------------------------------------------------------- */

/* Commits what was gathered; `meta` is that of a store half-way but for the last. */
static bool flush(struct copy *copy, struct store_meta meta)
{
    struct store_batch batch = {.meta = meta,
                                .ops = copy->ops,
                                .n_ops = copy->n_ops,
                                .sessions = copy->sessions,
                                .n_sessions = copy->n_sessions};

    batch.meta.hash = copy->hash;
    copy->result = copy->to->is->commit(copy->to, &batch);
    copy->n_ops = copy->n_sessions = 0;
    arena_reset(&copy->arena);
    return copy->result.status == STORE_OK;
}

static bool flush_if_full(struct copy *copy)
{
    if (copy->n_ops < ROWS_AT_ONCE && copy->n_sessions < ROWS_AT_ONCE &&
        copy->arena.total < BYTES_AT_ONCE)
        return true;
    return flush(copy, (struct store_meta){0});
}

static bool remove_rows(struct copy *copy, const struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->at[i];
        if (row->is_session)
            copy->sessions[copy->n_sessions++] =
                (struct store_session_record){STORE_REMOVE, {.id = row->id}};
        else
            copy->ops[copy->n_ops++] =
                (struct store_op_record){STORE_REMOVE, {.ticket = (int64_t)row->id}};
        copy->hash -= row->hash;
        if (!flush_if_full(copy))
            return false;
    }
    return flush(copy, (struct store_meta){0});
}

static bool copy_session(void *context, const struct store_session *session)
{
    struct copy *copy = context;
    struct store_session_record *record = &copy->sessions[copy->n_sessions++];

    *record = (struct store_session_record){STORE_PUT, *session};
    record->session.ns = arena_copy(&copy->arena, session->ns);
    record->session.secret = arena_copy(&copy->arena, session->secret);
    record->session.peer = arena_copy(&copy->arena, session->peer);
    copy->hash += store_session_hash(session);
    copy->sessions_copied++;
    return flush_if_full(copy);
}

static bool copy_op(void *context, const struct store_op *op)
{
    struct copy *copy = context;
    struct store_op_record *record = &copy->ops[copy->n_ops++];

    *record = (struct store_op_record){STORE_PUT, *op};
#define NOTHING(name)
#define KEEP(name) record->op.name = arena_copy(&copy->arena, op->name);
    STORE_OP_COLUMNS(NOTHING, KEEP, KEEP)
#undef KEEP
#undef NOTHING
    copy->hash += store_op_hash(op);
    copy->ops_copied++;
    return flush_if_full(copy);
}

/* --- the steps ------------------------------------------------------------------------------- */

static enum migrate_status tell(char *why, const struct store_result *result)
{
    snprintf(why, STATE_DIR_WHY_MAX, "%s", result->why);
    return result->status == STORE_BUSY ? MIGRATE_TAKEN : MIGRATE_FAILED;
}

/* Opens the store that is to take the state, and empties it. */
static enum migrate_status open_target(struct copy *copy, const struct config *config, char *why)
{
    struct rows rows = {.n = 0};
    struct store_recovery recovery = {&rows, see_session, see_op};
    struct store_meta meta;
    enum migrate_status status = MIGRATE_OK;

    copy->result = copy->to->is->open(copy->to, &recovery, &meta);
    if (copy->result.status != STORE_OK) {
        status = tell(why, &copy->result);
    } else if (meta.epoch != 0 && !config->forget_backend) {
        snprintf(why, STATE_DIR_WHY_MAX,
                 "%s holds a state already (up to seq %" PRIu64
                 "); to write over it, give --forget-backend",
                 copy->to->is->backend, meta.seq);
        status = MIGRATE_OTHER;
    } else {
        copy->hash = meta.hash;
        if (!remove_rows(copy, &rows))
            status = tell(why, &copy->result);
    }
    free(rows.at);
    return status;
}

static enum migrate_status copy_all(struct copy *copy, struct store *from, char *why)
{
    struct store_recovery recovery = {copy, copy_session, copy_op};
    struct store_result result = from->is->open(from, &recovery, &copy->from);

    if (copy->result.status != STORE_OK) /* the other store failed under it */
        return tell(why, &copy->result);
    if (result.status != STORE_OK)
        return tell(why, &result);
    return flush(copy, (struct store_meta){0}) && flush(copy, copy->from)
               ? MIGRATE_OK
               : tell(why, &copy->result);
}

static enum migrate_status note(const struct migration *migration, const struct copy *copy,
                                struct state_dir *dir, char *why)
{
    const char *to = config_backend_names[migration->to];
    char ops[24], sessions[24];

    if (state_dir_note(dir, to, backing_id(migration->to, copy->to), why) != STATE_DIR_OK)
        return MIGRATE_FAILED;
    snprintf(ops, sizeof ops, "%" PRIu64, copy->ops_copied);
    snprintf(sessions, sizeof sessions, "%" PRIu64, copy->sessions_copied);
    log_event(LOG_INFO, "migrated", "from", config_backend_names[migration->from], "to", to,
              "operations", ops, "sessions", sessions, NULL);
    return MIGRATE_OK;
}

static enum migrate_status move_state(const struct migration *migration, struct state_dir *dir,
                                      char *why)
{
    struct copy *copy = memory_alloc_zeroed(1, sizeof *copy);
    struct store *from = backing_create(migration->from, migration->config, dir);
    enum migrate_status status;

    dir->known[0] = '\0'; /* it is of the store that is read */
    copy->to = backing_create(migration->to, migration->config, dir);
    status = open_target(copy, migration->config, why);
    if (status == MIGRATE_OK)
        status = copy_all(copy, from, why);
    if (status == MIGRATE_OK)
        status = note(migration, copy, dir, why);
    from->is->close(from);
    copy->to->is->close(copy->to);
    arena_finish(&copy->arena);
    free(copy);
    return status;
}

enum migrate_status migrate(const struct migration *migration, char *why)
{
    const struct config *config = migration->config;
    struct state_dir dir;
    enum migrate_status status;

    switch (state_dir_open(&dir, config->state_dir, config_backend_names[migration->from], false,
                           why)) {
    case STATE_DIR_OK:
        status = move_state(migration, &dir, why);
        state_dir_close(&dir);
        return status;
    case STATE_DIR_TAKEN:
        return MIGRATE_TAKEN;
    case STATE_DIR_OTHER:
        return MIGRATE_OTHER;
    default:
        return MIGRATE_FAILED;
    }
}
