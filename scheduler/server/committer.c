#include "server/committer.h"

#include <assert.h>

static void carry_out(struct committer *committer)
{
    struct store *store = committer->store;

    committer->result = committer->batch != NULL ? store->is->commit(store, committer->batch)
                                                 : store->is->on_idle(store);
}

static void work(void *data)
{
    struct committer *committer = data;

    for (;;) {
        uv_sem_wait(&committer->begin);
        if (committer->is_ending)
            return;
        carry_out(committer);
        uv_async_send(&committer->wake);
    }
}

static void finish(struct committer *committer)
{
    if (committer->batch != NULL)
        committer->ended_ns = uv_hrtime();
    committer->is_busy = false;
    committer->on_commit(committer);
}

static void on_wake(uv_async_t *wake)
{
    finish(wake->data);
}

int committer_start(struct committer *committer, uv_loop_t *loop, struct store *store,
                    bool is_threaded, void (*on_commit)(struct committer *committer))
{
    int error;

    *committer = (struct committer){.store = store, .on_commit = on_commit};
    if (!is_threaded)
        return 0;
    error = uv_async_init(loop, &committer->wake, on_wake);
    if (error != 0)
        return error;
    committer->wake.data = committer;
    error = uv_sem_init(&committer->begin, 0);
    if (error == 0) {
        error = uv_thread_create(&committer->thread, work, committer);
        if (error != 0)
            uv_sem_destroy(&committer->begin);
    }
    if (error != 0)
        uv_close((uv_handle_t *)&committer->wake, NULL);
    committer->is_threaded = error == 0;
    return error;
}

static bool is_short(const struct committer *committer, uint64_t now_ns)
{
    return committer->batch->n_ops <= COMMIT_SHORT_RECORDS &&
           committer->ended_ns - committer->began_ns <= COMMIT_SHORT_NS &&
           now_ns - committer->ended_ns <= COMMIT_REST_NS;
}

static bool is_for_thread(const struct committer *committer, uint64_t now_ns)
{
    return committer->is_threaded &&
           (committer->batch == NULL || committer->store->is->is_away != NULL ||
            !is_short(committer, now_ns));
}

void committer_begin(struct committer *committer, const struct store_batch *batch)
{
    uint64_t now_ns = uv_hrtime();
    bool is_on_thread;

    assert(!committer->is_busy);
    committer->is_busy = true;
    committer->batch = batch;
    is_on_thread = is_for_thread(committer, now_ns);
    if (batch != NULL)
        committer->began_ns = now_ns;
    if (is_on_thread) {
        uv_sem_post(&committer->begin);
        return;
    }
    carry_out(committer);
    finish(committer);
}

bool committer_is_busy(const struct committer *committer)
{
    return committer->is_busy;
}

void committer_stop(struct committer *committer)
{
    if (!committer->is_threaded)
        return;
    committer->is_ending = true;
    if (committer->is_busy && committer->store->is->give_up != NULL)
        committer->store->is->give_up(committer->store);
    uv_sem_post(&committer->begin);
    uv_thread_join(&committer->thread);
    uv_sem_destroy(&committer->begin);
    uv_close((uv_handle_t *)&committer->wake, NULL);
}
