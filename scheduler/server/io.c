#include "server/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/list.h"
#include "base/memory.h"
#include "server/committer.h"
#include "server/door.h"
#include "server/gather.h"
#include "server/io_clock.h"

#define STOP_WITHIN_MS 5000 /* to write what may still leave */
#define TIDY_EVERY_MS  1000 /* the store's housekeeping */

struct io {
    struct io_config config;
    uv_loop_t loop;
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    uv_idle_t busy; /* active while there is a backlog or a commit waits: the poll does not sleep */
    uv_timer_t deadline, tidy, stop;
    uv_signal_t signals[3];
    struct committer committer;
    struct links links;
    struct doors doors;
    bool is_stopping, is_ending;
    struct gather gather;
    bool is_stirred;    /* something was read or answered in this turn */
    bool waits;         /* the next commit, for more requests */
    int64_t decided_ms; /* the time before the poll */
    int64_t real_ms;    /* when wall_ms was read: once a millisecond is often enough */
    uint64_t wall_ms;
    bool is_away; /* the store */
    enum io_end end;
    char *why;
};

static struct io_clock daemon_clock;

/* --- time ------------------------------------------------------------------------------------ */

int64_t io_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return io_clock_read(&daemon_clock, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

uint64_t io_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* While the store is away deadlines stand still, and after a time nothing new is begun. */
static void look_for_store(struct io *io)
{
    struct store *store = io->config.store;
    struct store_away away;
    bool is_away;

    if (store->is->is_away == NULL)
        return;
    is_away = store->is->is_away(store, &away);
    if (is_away != io->is_away) {
        io_now_ms(); /* what was before counts */
        daemon_clock.stands_still = io->is_away = is_away;
        io->config.on_away(io->config.context, is_away ? &away : NULL);
    }
    server_set_away(io->config.server, is_away ? away.ms : 0);
}

/* Before the server is told anything that has happened: what a stopped process reads when it goes
 * on may have been sent long after it was stopped, and no lease or grace counts from before that;
 * and the store may be another's by then. */
static void set_time(void *context)
{
    struct io *io = context;
    int64_t now_ms;

    look_for_store(io);
    now_ms = io_now_ms();
    if (io->real_ms != daemon_clock.real_ms) {
        io->real_ms = daemon_clock.real_ms;
        io->wall_ms = io_wall_ms();
    }
    server_set_time(io->config.server, now_ms, io->wall_ms);
}

/* --- the end --------------------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *context)
{
    struct io *io = context;

    if (!uv_is_closing(handle) && handle != (uv_handle_t *)&io->committer.wake)
        uv_close(handle, NULL);
}

/* Closes every handle; the loop ends when they are closed. */
static void end(struct io *io, enum io_end how)
{
    if (io->is_ending)
        return;
    io->is_ending = true;
    io->end = how;
    links_close(&io->links);
    committer_stop(&io->committer);
    uv_walk(&io->loop, close_handle, io);
}

static void on_stop_time(uv_timer_t *timer)
{
    end(timer->data, IO_STOPPED);
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct io *io = handle->data;

    if (signal == SIGHUP) {
        io->config.on_hangup(io->config.context);
        return;
    }
    if (io->is_stopping) {
        end(io, IO_STOPPED);
        return;
    }
    io->is_stopping = true;
    doors_close(&io->doors);
    server_begin_stop(io->config.server);
    uv_timer_start(&io->stop, on_stop_time, STOP_WITHIN_MS, 0);
}

/* --- a turn ---------------------------------------------------------------------------------- */

static void on_commit(struct committer *committer)
{
    struct io *io = LIST_ENTRY(committer, struct io, committer);
    uint64_t now_ns;
    bool is_whole;

    if (io->is_ending)
        return;
    if (committer->result.status != STORE_OK) {
        snprintf(io->why, STORE_WHY_MAX, "%s", committer->result.why);
        end(io, IO_STORE);
        return;
    }
    if (committer->batch == NULL) /* it was housekeeping */
        return;
    now_ns = uv_hrtime();
    set_time(io);
    is_whole = server_on_commit(io->config.server);
    gather_on_commit(&io->gather, is_whole, now_ns);
    io->is_stirred = true;
}

/* Begins commits as long as there is something to commit: on the loop one is over at once. */
static void commit(struct io *io)
{
    const struct store_batch *batch;

    while (!io->is_ending && !committer_is_busy(&io->committer) &&
           (batch = server_next_batch(io->config.server)) != NULL) {
        gather_on_begin(&io->gather, uv_hrtime());
        committer_begin(&io->committer, batch);
    }
}

/* Commits and answers until there is nothing left to do, or a commit is under way. */
static void commit_and_write(struct io *io)
{
    do {
        commit(io);
        if (io->is_ending)
            return;
        links_write(&io->links); /* closes connections too, and that may end sessions */
    } while (!committer_is_busy(&io->committer) && !server_is_idle(io->config.server));
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer; /* the loop is awake: on_after_poll decides */
}

static void on_busy(uv_idle_t *idle)
{
    (void)idle;
}

static void on_before_poll(uv_prepare_t *prepare)
{
    struct io *io = prepare->data;
    int64_t deadline = server_next_deadline(io->config.server), wait;

    look_for_store(io);
    /* The clock has cut off part of a millisecond when a deadline was set: decided is what is over
     * by a whole one, so that nothing ends early. */
    io->decided_ms = io_now_ms() - 1;
    wait = deadline - io->decided_ms;
    if (deadline == INT64_MAX)
        uv_timer_stop(&io->deadline);
    else
        uv_timer_start(&io->deadline, on_deadline,
                       wait < 0 ? 0 : (uint64_t)(wait < IO_SLEEP_MAX ? wait : IO_SLEEP_MAX), 0);
    if (server_has_backlog(io->config.server) || io->waits)
        uv_idle_start(&io->busy, on_busy);
    else
        uv_idle_stop(&io->busy);
}

static void on_after_poll(uv_check_t *check)
{
    struct io *io = check->data;
    uint32_t n_heard;

    if (io->is_ending)
        return;
    n_heard = links_carry_out(&io->links);
    gather_on_heard(&io->gather, n_heard);
    set_time(io);
    server_end_turn(io->config.server, io->decided_ms);
    io->waits = !committer_is_busy(&io->committer) && !server_is_idle(io->config.server) &&
                gather_waits(&io->gather, uv_hrtime());
    if (io->waits)
        links_write(&io->links);
    else
        commit_and_write(io);
    if (io->is_ending)
        return;
    if (n_heard > 0 || io->is_stirred)
        gather_on_stirred(&io->gather, uv_hrtime());
    io->is_stirred = false;
    if (io->is_stopping && server_is_idle(io->config.server) && !links_have_output(&io->links))
        end(io, IO_STOPPED);
}

/* The store's housekeeping, where nobody waits for it. */
static void on_tidy(uv_timer_t *timer)
{
    struct io *io = timer->data;

    doors_open(&io->doors);
    if (!committer_is_busy(&io->committer))
        committer_begin(&io->committer, NULL);
}

static void on_leave(void *context)
{
    struct io *io = context;
    doors_open(&io->doors);
}

/* --- life ------------------------------------------------------------------------------------ */

static int add_handles(struct io *io)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    int error = uv_prepare_init(&io->loop, &io->before_poll);

    io->before_poll.data = io->after_poll.data = io->deadline.data = io->tidy.data = io;
    io->stop.data = io;
    uv_check_init(&io->loop, &io->after_poll);
    uv_idle_init(&io->loop, &io->busy);
    uv_timer_init(&io->loop, &io->deadline);
    uv_timer_init(&io->loop, &io->tidy);
    uv_timer_init(&io->loop, &io->stop);
    uv_prepare_start(&io->before_poll, on_before_poll);
    uv_check_start(&io->after_poll, on_after_poll);
    uv_timer_start(&io->tidy, on_tidy, TIDY_EVERY_MS, TIDY_EVERY_MS);
    for (int i = 0; i < 3 && error == 0; i++) {
        error = uv_signal_init(&io->loop, &io->signals[i]);
        io->signals[i].data = io;
        if (error == 0)
            error = uv_signal_start(&io->signals[i], on_signal, signals[i]);
    }
    return error;
}

static int start(struct io *io)
{
    int error = committer_start(&io->committer, &io->loop, io->config.store,
                                io->config.commits_may_last, on_commit);

    if (error == 0)
        error = add_handles(io);
    if (error == 0)
        error = doors_init(&io->doors, &io->links, io->config.listeners, io->config.n_listeners);
    return error;
}

/* The loop runs also when not everything could be started: what was is closed in it. */
static void run_loop(struct io *io)
{
    int error = start(io);

    if (error == 0) {
        io->config.on_ready(io->config.context);
    } else {
        snprintf(io->why, STORE_WHY_MAX, "libuv: %s", uv_strerror(error));
        end(io, IO_FAILED);
    }
    uv_run(&io->loop, UV_RUN_DEFAULT);
    for (uint32_t i = 0; i < io->config.n_listeners; i++)
        listener_close(&io->config.listeners[i]);
    uv_loop_close(&io->loop);
}

enum io_end io_run(const struct io_config *config, char *why)
{
    struct io *io = memory_alloc_zeroed(1, sizeof *io);
    enum io_end how;
    int error;

    io->config = *config;
    io->why = why;
    io->links = (struct links){.loop = &io->loop,
                               .server = config->server,
                               .set_time = set_time,
                               .on_leave = on_leave,
                               .context = io};
    links_init(&io->links);
    /* What libuv allocates is none of what it can do without: it would abort and say nothing. */
    uv_replace_allocator(memory_alloc, memory_resize, memory_alloc_zeroed, free);
    error = uv_loop_init(&io->loop);
    if (error == 0) {
        run_loop(io);
    } else {
        snprintf(why, STORE_WHY_MAX, "libuv: %s", uv_strerror(error));
        io->end = IO_FAILED;
    }
    how = io->end;
    doors_finish(&io->doors);
    links_finish(&io->links);
    free(io);
    return how;
}
