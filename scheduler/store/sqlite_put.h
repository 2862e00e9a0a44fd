/*
 * Rows of operations on their way into SQLite's table.
 *
 * Much of what a row costs is the statement around it: with eight rows a statement 64 rows take 30
 * us instead of 44. So rows are kept until there are eight of them, or no more come.
 */
#ifndef STORE_SQLITE_PUT_H
#define STORE_SQLITE_PUT_H

#include <sqlite3.h>
#include <stdbool.h>

#include "store/store.h"

#define SQLITE_PUT_ROWS 8

/* A statement that writes so many rows at once. What is bound to it stays bound. */
struct sqlite_put_statement {
    sqlite3_stmt *is;
    bool has_rare[SQLITE_PUT_ROWS]; /* of each row: its rare columns are not what they mostly are */
};

struct sqlite_put {
    struct sqlite_put_statement one, many;
    struct {
        const struct store_op *op;
        int64_t place;
    } kept[SQLITE_PUT_ROWS];
    uint32_t n_kept;
};

/* False: SQLite failed, and tells why. */
bool sqlite_put_prepare(struct sqlite_put *put, sqlite3 *db);
void sqlite_put_finish(struct sqlite_put *put);

/* Writes the row of an operation, over what is at its place, before the next sqlite_put_all has
 * returned and after all that was added before; `op` is read until then. False: SQLite failed. */
bool sqlite_put_add(struct sqlite_put *put, const struct store_op *op, int64_t place);
bool sqlite_put_all(struct sqlite_put *put);

#endif
