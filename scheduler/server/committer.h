/*
 * The committer: where commits are made, on the loop or on a thread of their own.
 *
 * On a thread the loop goes on reading requests into the next batch while the disk works, and ping
 * tells how long it has been working. Measured on two cores with 64 connections, pairs of submit
 * and release a second: 41 k on a thread, 38 k on the loop; with one hot key, where each hand-off
 * waits for a commit, 3.0 k and 3.7 k. So the thread costs nothing where there is load, and a
 * daemon on a disk that hangs still answers ping: SQLite commits on it. A store that does not wait
 * is committed to on the loop.
 *
 * The store's housekeeping runs where its commits do, when none is under way. One of either at a
 * time. The store belongs to the committer between begin and the callback.
 */
#ifndef SERVER_COMMITTER_H
#define SERVER_COMMITTER_H

#include <uv.h>

#include "store/store.h"

struct committer {
    struct store *store;
    bool is_threaded;
    bool is_busy;
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
