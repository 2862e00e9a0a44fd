#include "store/sqlite_put.h"

#define COUNT(name) +1
#define NO(name)
#define COLUMNS (1 /* place */ + STORE_OP_COLUMNS(COUNT, COUNT, COUNT))

/* --- the statements -------------------------------------------------------------------------- */

static bool prepare(struct sqlite_put_statement *statement, sqlite3 *db, int rows)
{
    sqlite3_str *text = sqlite3_str_new(db);
    char *sql;
    int code;

    sqlite3_str_appendall(text, "INSERT OR REPLACE INTO operation VALUES");
    for (int i = 0; i < rows * COLUMNS; i++)
        sqlite3_str_appendall(text, i == 0 ? "(?" : i % COLUMNS == 0 ? "),(?" : ",?");
    sqlite3_str_appendall(text, ")");
    sql = sqlite3_str_finish(text);
    code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->is, NULL);
    sqlite3_free(sql);
    for (int i = 0; i < rows; i++)
        statement->has_rare[i] = true; /* nothing is bound yet */
    return code == SQLITE_OK;
}

bool sqlite_put_prepare(struct sqlite_put *put, sqlite3 *db)
{
    return prepare(&put->one, db, 1) && prepare(&put->many, db, SQLITE_PUT_ROWS);
}

void sqlite_put_finish(struct sqlite_put *put)
{
    sqlite3_finalize(put->one.is);
    sqlite3_finalize(put->many.is);
}

/* --- binding --------------------------------------------------------------------------------- */

/* What is NULL becomes SQL's. */
#define BIND_INT(name) sqlite3_bind_int64(statement, ++i, op->name);
#define BIND_TEXT(name)                                                                            \
    sqlite3_bind_text(statement, ++i, op->name.at, (int)op->name.n, SQLITE_STATIC);
#define BIND_BLOB(name)                                                                            \
    sqlite3_bind_blob(statement, ++i, op->name.at, (int)op->name.n, SQLITE_STATIC);
#define SKIP(name)    ++i;
#define IS_ZERO(name) &&op->name == 0
#define IS_NULL(name) &&op->name.at == NULL

static bool has_rare(const struct store_op *op)
{
    return !(true STORE_OP_COLUMNS_BY(NO, NO, NO, IS_ZERO, IS_NULL, IS_NULL));
}

static void bind_common(sqlite3_stmt *statement, int i, const struct store_op *op)
{
    STORE_OP_COLUMNS_BY(BIND_INT, BIND_TEXT, BIND_BLOB, SKIP, SKIP, SKIP)
}

static void bind_rare(sqlite3_stmt *statement, int i, const struct store_op *op)
{
    STORE_OP_COLUMNS_BY(SKIP, SKIP, SKIP, BIND_INT, BIND_TEXT, BIND_BLOB)
}

/* Binding is a third of the rest, and half of the columns are the same in most rows: those are
 * bound only when they are or were something else. */
static void bind_op(struct sqlite_put_statement *statement, int row, const struct store_op *op,
                    int64_t place)
{
    int i = row * COLUMNS + 1;
    bool is_rare = has_rare(op);

    sqlite3_bind_int64(statement->is, i, place);
    bind_common(statement->is, i, op);
    if (is_rare || statement->has_rare[row])
        bind_rare(statement->is, i, op);
    statement->has_rare[row] = is_rare;
}

/* --- writing --------------------------------------------------------------------------------- */

static bool run(struct sqlite_put_statement *statement)
{
    int code = sqlite3_step(statement->is);

    sqlite3_reset(statement->is);
    return code == SQLITE_DONE;
}

static bool put_many(struct sqlite_put *put)
{
    for (int i = 0; i < SQLITE_PUT_ROWS; i++)
        bind_op(&put->many, i, put->kept[i].op, put->kept[i].place);
    put->n_kept = 0;
    return run(&put->many);
}

bool sqlite_put_all(struct sqlite_put *put)
{
    uint32_t n = put->n_kept;

    put->n_kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        bind_op(&put->one, 0, put->kept[i].op, put->kept[i].place);
        if (!run(&put->one))
            return false;
    }
    return true;
}

bool sqlite_put_add(struct sqlite_put *put, const struct store_op *op, int64_t place)
{
    put->kept[put->n_kept].op = op;
    put->kept[put->n_kept++].place = place;
    return put->n_kept < SQLITE_PUT_ROWS || put_many(put);
}
