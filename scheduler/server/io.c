#include "server/io.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "base/memory.h"
#include "server/committer.h"
#include "server/io_clock.h"

#define READ_SIZE      ((size_t)256 * 1024)
#define ACCEPTS_A_TURN 64
#define STOP_WITHIN_MS 5000 /* to write what may still leave */
#define TIDY_EVERY_MS  1000 /* the store's housekeeping */

struct io;

/* A connection's descriptor. Freed in the close callback of its handle. */
struct link {
    uv_poll_t poll;
    struct io *io;
    struct conn *conn;
    int fd;
    int events;      /* that are polled for */
    bool is_waiting; /* the peer takes nothing more now */
    struct list all;
};

struct door {
    uv_poll_t poll;
    struct io *io;
    struct listener *listener;
};

struct io {
    struct io_config config;
    uv_loop_t loop;
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    uv_idle_t busy; /* active while there is a backlog: the poll does not sleep */
    uv_timer_t deadline, tidy, stop;
    uv_signal_t signals[3];
    struct door *doors;
    bool doors_are_open, is_stopping, is_ending;
    struct committer committer;
    struct list links;
    int64_t decided_ms; /* the time before the poll */
    bool is_away;       /* the store */
    enum io_end end;
    char *why;
    char buffer[READ_SIZE];
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
    struct store_away away = {0};
    bool is_away = store->is->is_away != NULL && store->is->is_away(store, &away);

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
static void set_time(struct io *io)
{
    look_for_store(io);
    server_set_time(io->config.server, io_now_ms(), io_wall_ms());
}

/* --- connections ----------------------------------------------------------------------------- */

static void open_doors(struct io *io);

static void on_link_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;
    close(link->fd);
    free(link);
}

static void close_link(struct io *io, struct link *link)
{
    if (link->conn == NULL)
        return;
    set_time(io);
    server_on_close(io->config.server, link->conn);
    link->conn = NULL;
    list_remove(&link->all);
    uv_close((uv_handle_t *)&link->poll, on_link_closed);
    open_doors(io);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void poll_for(struct link *link, int events)
{
    if (events == link->events)
        return;
    link->events = events;
    uv_poll_start(&link->poll, events, on_ready);
}

/* Writes what may leave, once; then waits for what the connection is to wait for. */
static void write_link(struct io *io, struct link *link)
{
    struct conn *conn = link->conn;
    struct slice out = conn_output(conn);

    if (conn_is_cut(conn)) {
        close_link(io, link);
        return;
    }
    if (out.n > 0 && !link->is_waiting) {
        ssize_t n = send(link->fd, out.at, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            close_link(io, link);
            return;
        }
        if (n > 0) {
            set_time(io);
            server_on_written(io->config.server, conn, (size_t)n);
        }
        link->is_waiting = n < (ssize_t)out.n;
    }
    if (conn_is_closing(conn) && conn_output(conn).n == 0) {
        close_link(io, link);
        return;
    }
    poll_for(link, UV_DISCONNECT | (conn_wants_input(conn) ? UV_READABLE : 0) |
                       (link->is_waiting ? UV_WRITABLE : 0));
}

static void read_link(struct io *io, struct link *link)
{
    ssize_t n = recv(link->fd, io->buffer, sizeof io->buffer, MSG_DONTWAIT);

    if (n > 0) {
        set_time(io);
        server_on_input(io->config.server, link->conn, io->buffer, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_link(io, link);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;
    struct io *io = link->io;

    if (events & UV_WRITABLE) {
        link->is_waiting = false;
        write_link(io, link);
    }
    if (link->conn == NULL)
        return;
    if (status != 0)
        close_link(io, link);
    else if (events & UV_READABLE)
        read_link(io, link);
    else if (events & UV_DISCONNECT)
        close_link(io, link);
}

static void add_link(struct io *io, int fd, const struct peer *peer)
{
    struct link *link = memory_alloc_zeroed(1, sizeof *link);

    link->io = io;
    link->fd = fd;
    link->poll.data = link;
    if (uv_poll_init(&io->loop, &link->poll, fd) != 0) {
        close(fd);
        free(link);
        return;
    }
    link->conn = server_on_connect(io->config.server, peer, link);
    list_append(&io->links, &link->all);
    poll_for(link, UV_DISCONNECT | UV_READABLE);
    read_link(io, link); /* or the end of its session could be decided before its hello is read */
}

/* --- doors ----------------------------------------------------------------------------------- */

/* Those who knock wait in the backlog of the socket. */
static void shut_doors(struct io *io)
{
    for (uint32_t i = 0; i < io->config.n_listeners; i++)
        uv_poll_stop(&io->doors[i].poll);
    io->doors_are_open = false;
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct door *door = poll->data;
    struct io *io = door->io;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct peer peer;
        int fd;
        if (!server_has_room(io->config.server)) {
            shut_doors(io); /* until one leaves */
            return;
        }
        fd = listener_accept(door->listener, &peer);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                shut_doors(io); /* or the poll would not sleep; tried again when one leaves */
            return;
        }
        add_link(io, fd, &peer);
    }
}

static void open_doors(struct io *io)
{
    if (io->doors_are_open || io->is_stopping || !server_has_room(io->config.server))
        return;
    for (uint32_t i = 0; i < io->config.n_listeners; i++)
        uv_poll_start(&io->doors[i].poll, UV_READABLE, on_knock);
    io->doors_are_open = true;
}

static int add_doors(struct io *io)
{
    io->doors = memory_alloc_zeroed(io->config.n_listeners, sizeof *io->doors);
    for (uint32_t i = 0; i < io->config.n_listeners; i++) {
        struct door *door = &io->doors[i];
        int error = uv_poll_init(&io->loop, &door->poll, io->config.listeners[i].fd);
        if (error != 0)
            return error;
        door->io = io;
        door->listener = &io->config.listeners[i];
        door->poll.data = door;
    }
    open_doors(io);
    return 0;
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
    for (struct list *first; (first = list_first(&io->links)) != NULL;)
        close_link(io, LIST_ENTRY(first, struct link, all));
    committer_stop(&io->committer);
    uv_walk(&io->loop, close_handle, io);
}

static bool has_output(const struct io *io)
{
    LIST_EACH (&io->links, at) {
        if (conn_output(LIST_ENTRY(at, struct link, all)->conn).n > 0)
            return true;
    }
    return false;
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
    for (uint32_t i = 0; i < io->config.n_listeners; i++) {
        uv_close((uv_handle_t *)&io->doors[i].poll, NULL);
        listener_close(io->doors[i].listener);
    }
    server_begin_stop(io->config.server);
    uv_timer_start(&io->stop, on_stop_time, STOP_WITHIN_MS, 0);
}

/* --- a turn ---------------------------------------------------------------------------------- */

static void write_all(struct io *io)
{
    for (struct conn *conn; (conn = server_next_output(io->config.server)) != NULL;)
        write_link(io, conn_io(conn));
}

static void on_commit(struct committer *committer)
{
    struct io *io = LIST_ENTRY(committer, struct io, committer);

    if (io->is_ending)
        return;
    if (committer->result.status != STORE_OK) {
        snprintf(io->why, STORE_WHY_MAX, "%s", committer->result.why);
        end(io, IO_STORE);
        return;
    }
    if (committer->batch == NULL) /* it was housekeeping */
        return;
    set_time(io);
    server_on_commit(io->config.server);
}

/* Begins commits as long as there is something to commit: on the loop one is over at once. */
static void commit(struct io *io)
{
    const struct store_batch *batch;

    while (!io->is_ending && !committer_is_busy(&io->committer) &&
           (batch = server_next_batch(io->config.server)) != NULL)
        committer_begin(&io->committer, batch);
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
    if (server_has_backlog(io->config.server))
        uv_idle_start(&io->busy, on_busy);
    else
        uv_idle_stop(&io->busy);
}

static void on_after_poll(uv_check_t *check)
{
    struct io *io = check->data;

    if (io->is_ending)
        return;
    set_time(io);
    server_end_turn(io->config.server, io->decided_ms);
    do {
        commit(io);
        if (io->is_ending)
            return;
        write_all(io); /* closes connections too, and that may end sessions */
    } while (!committer_is_busy(&io->committer) && !server_is_idle(io->config.server));
    if (io->is_stopping && server_is_idle(io->config.server) && !has_output(io))
        end(io, IO_STOPPED);
}

/* The store's housekeeping, where nobody waits for it. */
static void on_tidy(uv_timer_t *timer)
{
    struct io *io = timer->data;

    open_doors(io);
    if (!committer_is_busy(&io->committer))
        committer_begin(&io->committer, NULL);
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
                                io->config.commits_on_thread, on_commit);

    if (error == 0)
        error = add_handles(io);
    if (error == 0)
        error = add_doors(io);
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
    free(io->doors);
    free(io);
    return how;
}
