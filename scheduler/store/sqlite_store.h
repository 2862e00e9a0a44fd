/*
 * What the files of the SQLite store share: sqlite_open.c brings a database up and reads it,
 * sqlite.c commits to it.
 */
#ifndef STORE_SQLITE_STORE_H
#define STORE_SQLITE_STORE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "store/places.h"
#include "store/sqlite_put.h"

enum statement { BEGIN, COMMIT, REMOVE_OP, PUT_SESSION, REMOVE_SESSION, PUT_META, STATEMENTS };

struct sqlite_store {
    struct store base;
    char *path;
    bool readers;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct sqlite_put put;
    struct places places;
    int wal_pages;   /* in the WAL after the last commit */
    ino_t wal_inode; /* of the WAL's file; 0: it has none that could be asked for */
};

/* A result; `why` as printf. */
struct store_result sqlite_result(enum store_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What SQLite says of its last call, with the path and what was being done. */
struct store_result sqlite_failed(struct sqlite_store *store, const char *doing);
struct store_result sqlite_fine(void);

/* Moves the WAL into the database; SQLITE_CHECKPOINT_PASSIVE or _TRUNCATE. */
struct store_result sqlite_checkpoint(struct sqlite_store *store, int mode);
/* Makes durable what the WAL shows (sqlite_wal.c). Nobody may have the database open. */
struct store_result sqlite_renew_wal(struct sqlite_store *store);
/* The inode of the WAL's file; 0: there is none. */
ino_t sqlite_wal_inode(const struct sqlite_store *store);
/* Prepares every statement; the tables must be there. */
struct store_result sqlite_prepare(struct sqlite_store *store);

/* store_interface.open */
struct store_result sqlite_open(struct store *base, const struct store_recovery *recovery,
                                struct store_meta *meta);

#endif
