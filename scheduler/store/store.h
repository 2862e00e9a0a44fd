/*
 * The store: what survives a crash.
 *
 * Three calls: open, which recovers everything; commit, which makes one batch durable, whole or
 * not at all; close. Nothing else touches the disk. A store is dumb on purpose: it knows rows of
 * columns, not what they mean, so that SQLite, memory and Redis can be told apart by nothing but
 * what they survive. One conformance suite runs over all of them.
 *
 * A store is used by one thread at a time (commit may run on another thread than open).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/slice.h"

/*
 * The columns of an operation's row. INT(name): an integer below 2^63. TEXT(name): UTF-8.
 * BLOB(name): bytes. Durations are in ms, -1 is for ever. at == NULL is SQL's NULL, and differs
 * from empty. RARE_INT and so on: 0 or NULL in most rows.
 */
#define STORE_OP_COLUMNS_BY(INT, TEXT, BLOB, RARE_INT, RARE_TEXT, RARE_BLOB)                       \
    INT(ticket) /* above 0; no two rows have the same one */                                       \
    TEXT(ns)                                                                                       \
    TEXT(id)                                                                                       \
    INT(session)                                                                                   \
    RARE_INT(detached)                                                                             \
    INT(wait_ms)                                                                                   \
    INT(claim_in_ms)                                                                               \
    TEXT(who)                                                                                      \
    TEXT(why)                                                                                      \
    INT(submitted_ms)                                                                              \
    BLOB(content)         /* 16 bytes */                                                           \
    RARE_INT(parent)      /* its ticket; 0: none */                                                \
    RARE_INT(passed)      /* times that others passed it while it waited */                        \
    RARE_INT(max_hold_ms) /* 0: no such limit */                                                   \
    RARE_INT(on_change)   /* 0 ignored, 1 ends, 2 told */                                          \
    RARE_INT(unchanged_since)                                                                      \
    INT(seq)                                                                                       \
    INT(state)  /* 0 waiting, 1 granted, 2 ended */                                                \
    INT(ending) /* how it ended; 0: not */                                                         \
    INT(token)                                                                                     \
    RARE_INT(claimed_by)                                                                           \
    RARE_INT(tied) /* it lives and dies with claimed_by */                                         \
    INT(lease_ms)                                                                                  \
    INT(granted_ms)                                                                                \
    INT(ended_ms)                                                                                  \
    TEXT(keys)        /* exclusive ones: a JSON array of string paths; NULL after the end */       \
    RARE_TEXT(shared) /* the same */                                                               \
    RARE_BLOB(meta)                                                                                \
    RARE_BLOB(payload)                                                                             \
    RARE_BLOB(progress)                                                                            \
    RARE_TEXT(outcome)                                                                             \
    RARE_TEXT(why_ended)                                                                           \
    RARE_BLOB(changed) /* of its keys: an array of [key, rev, op, who] in MessagePack */

#define STORE_OP_COLUMNS(INT, TEXT, BLOB) STORE_OP_COLUMNS_BY(INT, TEXT, BLOB, INT, TEXT, BLOB)

struct store_op {
#define STORE_INT(name)   int64_t name;
#define STORE_SLICE(name) struct slice name;
    STORE_OP_COLUMNS(STORE_INT, STORE_SLICE, STORE_SLICE)
#undef STORE_INT
#undef STORE_SLICE
};

struct store_session {
    uint64_t id; /* above 0, below 2^63 */
    uint64_t grace_ms;
    struct slice ns;
    struct slice secret;
    struct slice peer; /* who it was, as the socket told: for `who` and for people */
};

enum store_change {
    STORE_PUT,   /* insert, or replace every column of the row that has this ticket (or id) */
    STORE_REMOVE /* only ticket (or id) is read; a row that is not there is no error */
};

struct store_op_record {
    enum store_change change;
    struct store_op op;
};

struct store_session_record {
    enum store_change change;
    struct store_session session;
};

/* What goes with each commit and comes back at open. */
struct store_meta {
    uint64_t epoch;  /* of the latest token */
    uint64_t seq;    /* of the latest durable change */
    uint64_t ticket; /* the highest ever given */
    uint64_t hash;   /* sum of store_op_hash and store_session_hash over all rows, modulo 2^64 */
};

/* One atomic step: all of it or nothing. Owned by the caller, unchanged until commit returns. */
struct store_batch {
    struct store_meta meta;
    const struct store_op_record *ops;
    uint32_t n_ops;
    const struct store_session_record *sessions;
    uint32_t n_sessions;
};

/* Where recovery hands over what it reads, row by row: sessions first, then operations in ticket
 * order. Slices live only during the call. Returning false stops the opening: `why` of open then
 * says that the state is damaged. */
struct store_recovery {
    void *context;
    bool (*on_session)(void *context, const struct store_session *session);
    bool (*on_op)(void *context, const struct store_op *op);
};

struct store;

enum store_status {
    STORE_OK,
    STORE_BUSY,   /* another daemon has it */
    STORE_FAILED, /* path and reason in `why` */
    STORE_DAMAGED /* it opened and what it holds contradicts itself (state hash, version) */
};

#define STORE_WHY_MAX 512

struct store_result {
    enum store_status status;
    char why[STORE_WHY_MAX]; /* one line, grown outside-in: "commit: /var/lib/...: disk full" */
};

/* What commits go to is not there now (a Redis that restarts): they wait for it. Or it is not known
 * whether it is still ours. */
struct store_away {
    uint64_t ms; /* for how long already */
    char why[STORE_WHY_MAX];
};

struct store_interface {
    const char *backend; /* "sqlite", "memory", "redis" */
    bool keeps_nothing;  /* commits need not be made: there is nothing to survive */
    /* Recovers into `recovery` and `meta` (zeros for a new store); meta is filled in before the
     * first row is handed over. Checks meta.hash itself, against
     * the rows it handed over. Everything handed over is durable, also against power loss, when
     * this returns STORE_OK. */
    struct store_result (*open)(struct store *store, const struct store_recovery *recovery,
                                struct store_meta *meta);
    /* After STORE_OK the batch is durable. After anything else its outcome is unknown: answer
     * nothing and stop. */
    struct store_result (*commit)(struct store *store, const struct store_batch *batch);
    /* Bytes that may still be written before the disk is full; UINT64_MAX: no idea. */
    uint64_t (*free_bytes)(struct store *store);
    /* Housekeeping while nothing else is to do (checkpoints), about once a second, on the thread
     * that commits; as commit when it fails. */
    struct store_result (*on_idle)(struct store *store);
    /* The next two may be called by any thread at any time; both NULL: commits do not wait for
     * anything that could be away.
     * Whether what commits go to is away; if so, `away` is filled in. Nothing may be answered then
     * that hangs on what the store holds. */
    bool (*is_away)(struct store *store, struct store_away *away);
    /* From now on commit fails instead of waiting: within 3 s it returns, unless a name server
     * takes longer. */
    void (*give_up)(struct store *store);
    /* Gives everything back; `store` is gone. */
    void (*close)(struct store *store);
};

/* Base of every store; its users call through `is`. */
struct store {
    const struct store_interface *is;
};

/* The checksum of a row, over every column in the order of the list. Never 0. */
uint64_t store_op_hash(const struct store_op *op);
uint64_t store_session_hash(const struct store_session *session);

/* Each returns a store that is not open yet; close it in any case. Strings are copied. */
struct store *store_memory_create(void);

struct store_sqlite_config {
    const char *path; /* of the database file; its folder must exist */
    bool readers;     /* other processes may read the file: not EXCLUSIVE, slower */
};
struct store *store_sqlite_create(const struct store_sqlite_config *config);

struct store_redis_config {
    const char *url;             /* redis://[user[:password]@]host[:port][/db], unix:/path[?db=N] */
    const char *user, *password; /* instead of those of the URL; NULL: those */
    const char *prefix;          /* of every key in Redis; "": none */
    const char *instance; /* id of the state directory that is locked for this daemon: a word */
    const char *known;    /* id of the store that had the state last; "": whichever it is */
    bool allow_unsafe;    /* settings of Redis that can lose answers are accepted */
};
/* The URL must be right: store_redis_check_url. The process must ignore SIGPIPE. */
struct store *store_redis_create(const struct store_redis_config *config);
/* NULL: it is right; else what it must look like. */
const char *store_redis_check_url(const char *url);
/* The id of an open store: it stays as long as Redis keeps what it has. */
const char *store_redis_id(const struct store *store);

#endif
