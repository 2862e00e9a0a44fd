/*
 * The committer: where commits are made, on the loop or on a thread of their own.
 *
 * Waking a thread and being woken by it takes as long as a fifth of a short commit. Measured on two
 * cores, pairs of submit and release a second on the loop and on the thread: 3.0 k and 2.5 k with
 * one connection, 17.9 k and 15.3 k with 8, 71 k and 58 k with 64, 98 k and 96 k with 256. So a
 * commit that promises to be short is made on the loop: of few rows, and just after a short one.
 *
 * A long one is made on the thread. Meanwhile the loop reads requests into the next batch, and ping
 * answers and tells how long the disk has been working. What the disk is like after a rest nobody
 * knows, and nobody is in a hurry then; so only one that becomes slow in the midst of work is met
 * on the loop, once. A store that may itself wait for something is never committed to on the loop,
 * and one that cannot wait has no thread.
 *
 * The store's housekeeping runs on the thread, when no commit is under way. One of either at a
 * time. The store belongs to the committer between begin and the callback.
 */
#ifndef SERVER_COMMITTER_H
#define SERVER_COMMITTER_H

#include <uv.h>

#include "store/store.h"

#define COMMIT_SHORT_NS      2000000  /* a commit that took no longer was short */
#define COMMIT_SHORT_RECORDS 512      /* it may have no more of operations */
#define COMMIT_REST_NS       10000000 /* after so long without one the disk is not known */

struct committer {
    struct store *store;
    bool is_threaded;
    bool is_busy;
    uint64_t began_ns, ended_ns;     /* the last commit; housekeeping does not count */
    const struct store_batch *batch; /* the one in flight; NULL: the store tidies up */
    struct store_result result;      /* of the last */
    void (*on_commit)(struct committer *committer);
    uv_async_t wake;
    uv_thread_t thread;
    uv_sem_t begin;
    _Atomic bool is_ending; /* told to a thread that may be in a commit */
};

/* on_commit is called when a commit or the housekeeping (`batch` is NULL) is over, on the loop,
 * with `result` set; inline even before committer_begin returns. `data` of the struct's owner is
 * found by its place (LIST_ENTRY). Returns a libuv error or 0; after an error there is no thread,
 * and the loop must run once more all the same. */
int committer_start(struct committer *committer, uv_loop_t *loop, struct store *store,
                    bool is_threaded, void (*on_commit)(struct committer *committer));
/* A commit; or, with NULL, the store's housekeeping. Only while it is not busy. */
void committer_begin(struct committer *committer, const struct store_batch *batch);
bool committer_is_busy(const struct committer *committer);
/* Waits for the commit in flight (one that itself waits for a store that is away is given up); the
 * loop must run once more to close its handle. */
void committer_stop(struct committer *committer);

#endif
