/*
 * A worker in a libuv loop: waits for a set of keys without blocking, works on them for a while,
 * gives them back.
 *
 *     uv_worker ADDRESS WORK_MS KEY...
 *
 * Shows what a program with a loop of its own has to do for a handle of liblockq: poll its
 * descriptor for its events, wake at its time, and call lockq_process after each.
 */
#include <stdio.h>
#include <stdlib.h>

#include <poll.h>
#include <uv.h>

#include "lockq/lockq.h"

struct worker {
    struct lockq *lockq;
    uv_poll_t poll;
    uv_timer_t wake, work;
    enum { POLLING_NOTHING, POLLING, POLLING_ENDS } polling;
    uint64_t work_ms;
    char op[LOCKQ_ID_SIZE];
    uint64_t token;
    int exit_code;
};

static void arm(struct worker *worker);

static void process(struct worker *worker)
{
    int status = lockq_process(worker->lockq);

    if (status == LOCKQ_OK) {
        arm(worker);
        return;
    }
    fprintf(stderr, "uv_worker: %s\n", lockq_why(worker->lockq));
    worker->exit_code = 1;
    uv_stop(worker->wake.loop);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status; /* lockq_process finds out by itself what is wrong */
    (void)events;
    process(poll->data);
}

static void on_wake(uv_timer_t *timer)
{
    process(timer->data);
}

static void on_closed(uv_handle_t *handle)
{
    struct worker *worker = handle->data;

    worker->polling = POLLING_NOTHING;
    arm(worker);
}

/* Watches what the handle wants watched. Between two connections its descriptor is -1; a uv_poll_t
 * stays with one descriptor, so it is closed then and made anew. */
static void arm(struct worker *worker)
{
    int fd = lockq_fd(worker->lockq), wake_ms = lockq_poll_ms(worker->lockq);
    short events = lockq_events(worker->lockq);

    if (wake_ms >= 0)
        uv_timer_start(&worker->wake, on_wake, (uint64_t)wake_ms, 0);
    else
        uv_timer_stop(&worker->wake);
    if (worker->polling == POLLING && fd < 0) {
        worker->polling = POLLING_ENDS;
        uv_close((uv_handle_t *)&worker->poll, on_closed);
    } else if (worker->polling == POLLING_NOTHING && fd >= 0) {
        uv_poll_init(worker->wake.loop, &worker->poll, fd);
        worker->polling = POLLING;
    }
    if (worker->polling == POLLING)
        uv_poll_start(&worker->poll,
                      (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0),
                      on_ready);
}

static void on_released(struct lockq *lockq, int status, const msgpack_object *result,
                        void *context)
{
    struct worker *worker = context;

    (void)result;
    if (status != LOCKQ_OK)
        fprintf(stderr, "uv_worker: %s\n", lockq_why(lockq));
    worker->exit_code = status == LOCKQ_OK ? 0 : 1;
    uv_stop(worker->wake.loop);
}

static void on_worked(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    struct lockq_params *params = lockq_params_new();

    puts("done");
    lockq_put_text(params, "op", worker->op);
    lockq_put_uint(params, "token", worker->token);
    lockq_send(worker->lockq, "release", params, on_released, worker);
    lockq_params_free(params);
    process(worker);
}

static void on_acquired(struct lockq *lockq, int status, const msgpack_object *result,
                        void *context)
{
    struct worker *worker = context;
    struct lockq_view view;

    if (status != LOCKQ_OK || !lockq_view_of(result, &view) || view.state != LOCKQ_GRANTED) {
        fprintf(stderr, "uv_worker: not granted: %s\n",
                status != LOCKQ_OK ? lockq_why(lockq) : "it ended");
        worker->exit_code = 75;
        uv_stop(worker->wake.loop);
        return;
    }
    snprintf(worker->op, sizeof worker->op, "%s", view.op);
    worker->token = view.token;
    puts("granted");
    fflush(stdout);
    uv_timer_start(&worker->work, on_worked, worker->work_ms, 0);
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    struct lockq_options options = {.address = argc > 1 ? argv[1] : NULL, .client = "uv_worker"};
    struct worker worker = {.exit_code = 1};
    struct lockq_submit submit = LOCKQ_SUBMIT_INIT;

    if (argc < 4) {
        fputs("usage: uv_worker ADDRESS WORK_MS KEY...\n", stderr);
        return 64;
    }
    worker.work_ms = strtoull(argv[2], NULL, 10);
    worker.lockq = lockq_open(&options);
    uv_timer_init(loop, &worker.wake);
    uv_timer_init(loop, &worker.work);
    worker.wake.data = worker.work.data = worker.poll.data = &worker;
    submit.keys = (const char *const *)&argv[3];
    submit.n_keys = (size_t)argc - 3;
    submit.why = "an example";
    lockq_send_acquire(worker.lockq, &submit, on_acquired, &worker);
    process(&worker);
    uv_run(loop, UV_RUN_DEFAULT);
    lockq_close(worker.lockq);
    return worker.exit_code;
}
