/*
 * What the files of the Redis store share: redis_connect.c and redis_link.c
 * talk, redis_greet.c makes a connection
 * that may be used, redis_script.c makes sure that a commit is done once, redis_open.c,
 * redis_recover.c and redis_rebuild.c bring the store up, redis_batch.c writes commits, redis.c is
 * the rest.
 *
 * The keys in Redis, each behind the prefix:
 *
 *     lockq:meta      hash: version, store (its id), opening, turn (redis_script.h), epoch, seq,
 *                     ticket, hash (store.h), resent (how often a commit was sent again),
 *                     run (of Redis, when the store was opened)
 *     lockq:owner     the daemon that has the store: instance, host, process id; gone after 15 s
 *     lockq:ops       hash: ticket -> row (redis_row.h)
 *     lockq:sessions  hash: id -> row
 *     lockq:mirror, locked:MODEL, locked-by:MODEL     the mirror (redis_mirror.h)
 */
#ifndef STORE_REDIS_STORE_H
#define STORE_REDIS_STORE_H

#include <hiredis.h>
#include <pthread.h>

#include "store/redis_command.h"
#include "store/redis_mirror.h"
#include "store/redis_url.h"
#include "store/store.h"

#define REDIS_SCHEMA_VERSION "2"
#define REDIS_OWNER_MS       15000 /* how long an owner key lives that is not renewed */
#define REDIS_RENEW_MS       5000  /* how old it is when it is renewed */
#define REDIS_WHY_MAX        256

/* How one attempt went. */
enum redis_outcome {
    REDIS_DONE,
    REDIS_AWAY,  /* it did not answer or cannot now: worth trying again; `why` */
    REDIS_FAILED /* it will not be better another time; `why` */
};

struct redis_store {
    struct store base;
    struct redis_address address;
    char where[2 * REDIS_TEXT_MAX]; /* the address as it is shown: without user and password */
    char *prefix, *instance, *known;
    bool allow_unsafe;
    char *meta_key, *owner_key, *ops_key, *sessions_key;
    char owner[512]; /* what our owner key says */
    char id[64];     /* of the store */

    int fd;              /* of the connection; -1: there is none */
    redisReader *reader; /* of what comes over it */
    char why[REDIS_WHY_MAX];
    bool is_loading; /* that is why it is away */
    bool has_file;   /* append-only */
    char run[64];    /* the id of Redis's process */
    char sha[48];    /* of the script that commits */
    uint64_t opening, turn;
    bool is_open;
    struct redis_command command;
    uint32_t n_begun; /* its arguments before there was anything to write */
    struct buf row;
    struct redis_mirror mirror;

    /* For other threads. */
    _Atomic bool has_given_up;
    _Atomic int64_t busy_since_ms; /* since when something is carried through; 0: nothing is */
    _Atomic int64_t away_since_ms; /* 0: it is there */
    _Atomic int64_t renewed_ms;    /* when the owner key was */
    _Atomic uint64_t free_bytes;
    int64_t call_ms; /* when what is being done was begun */
    pthread_mutex_t away_lock;
    char away_why[REDIS_WHY_MAX];
};

int64_t redis_now_ms(void);

/* A result; `why` as printf, behind "doing: where: ". */
struct store_result redis_result(const struct redis_store *store, enum store_status status,
                                 const char *doing, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct store_result redis_fine(void);
/* Notes why; returns what is given. */
enum redis_outcome redis_note(struct redis_store *store, enum redis_outcome outcome,
                              const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- redis_link.c: one connection, one command at a time ------------------------------------- */

enum redis_outcome redis_link_open(struct redis_store *store);
bool redis_link_is_open(const struct redis_store *store);
void redis_link_close(struct redis_store *store);
/* Sends, and waits for the answer; not when nothing moves for 5 s. NULL: the connection is lost and
 * closed. */
redisReply *redis_link_call(struct redis_store *store, struct redis_command *command);
/* The same of a few texts, NULL behind the last. */
redisReply *redis_link_ask(struct redis_store *store, const char *text, ...)
    __attribute__((sentinel));
/* What an answer that is an error, or none (NULL), means; noted. REDIS_DONE: it is neither. */
enum redis_outcome redis_link_judge(struct redis_store *store, const redisReply *reply);

/* Redis did not do what was begun at call_ms; or it is there again. */
void redis_away_begin(struct redis_store *store);
void redis_away_end(struct redis_store *store);
bool redis_is_away(struct store *base, struct store_away *away);

/* --- redis_connect.c ------------------------------------------------------------------------- */

/* A connected socket that does not block, or -1; `why`. */
int redis_connect(struct redis_store *store);
/* Waits until a socket is ready for `events`, within_ms at most; false: no, `why`. */
bool redis_wait(struct redis_store *store, int fd, short events, int within_ms);

/* --- redis_greet.c --------------------------------------------------------------------------- */

/* Connects, signs in, and looks whether this Redis can keep what it is given. */
enum redis_outcome redis_greet(struct redis_store *store);
/* Looks at the latter again; unless it can, the connection is closed. */
enum redis_outcome redis_look(struct redis_store *store);

/* Lets Redis write its append-only file anew, and waits until it has. */
enum redis_outcome redis_rewrite_file(struct redis_store *store);

/* --- redis_open.c, redis_recover.c, redis_rebuild.c ------------------------------------------ */

struct store_result redis_open(struct store *base, const struct store_recovery *recovery,
                               struct store_meta *meta);
struct store_result redis_recover(struct redis_store *store, const struct store_recovery *recovery,
                                  const struct store_meta *meta);
/* Lets the mirror show what the rows say. */
struct store_result redis_rebuild_mirror(struct redis_store *store);

/* --- redis_batch.c --------------------------------------------------------------------------- */

#define REDIS_IDS_MAX 10000 /* of the mirror in one script */

struct store_result redis_commit(struct store *base, const struct store_batch *batch);
/* Shows what is held, script by script, until no more than n_left ids are to be written. */
struct store_result redis_show_held(struct redis_store *store, size_t n_left, const char *doing);

#endif
