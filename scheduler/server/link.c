#include "server/link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define READ_SIZE  ((size_t)256 * 1024) /* of one connection in a turn */
#define INPUT_SIZE (2 * READ_SIZE)      /* when less than READ_SIZE is left it is carried out */

/* Freed in the close callback of its handle. */
struct link {
    uv_poll_t poll;
    struct links *links;
    struct conn *conn;
    int fd;
    int events;         /* that are polled for */
    bool is_waiting;    /* the peer takes nothing more now */
    bool is_broken;     /* it will take nothing more */
    struct slice input; /* in links.input, while it is in links.read */
    size_t n_sent;      /* while it is in links.written */
    struct list all, read, written;
};

void links_init(struct links *links)
{
    links->input = memory_alloc(INPUT_SIZE);
}

void links_finish(struct links *links)
{
    free(links->input);
}

/* --- closing --------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;
    close(link->fd);
    free(link);
}

static void close_link(struct link *link)
{
    struct links *links = link->links;

    if (link->conn == NULL)
        return;
    links->set_time(links->context);
    server_on_close(links->server, link->conn);
    link->conn = NULL;
    list_remove(&link->all);
    list_remove(&link->read);
    list_remove(&link->written);
    uv_close((uv_handle_t *)&link->poll, on_closed);
    links->on_leave(links->context);
}

void links_close(struct links *links)
{
    for (struct list *first; (first = list_first(&links->all)) != NULL;)
        close_link(LIST_ENTRY(first, struct link, all));
}

/* --- output ---------------------------------------------------------------------------------- */

static void on_ready(uv_poll_t *poll, int status, int events);

static void poll_for(struct link *link, int events)
{
    if (events == link->events)
        return;
    link->events = events;
    uv_poll_start(&link->poll, events, on_ready);
}

/* Sends what may leave, once. The server is told later: it would be one call for the next to wait.
 */
static void send_output(struct link *link)
{
    struct slice out = conn_output(link->conn);
    ssize_t n;

    if (conn_is_cut(link->conn) || out.n == 0 || link->is_waiting)
        return;
    n = send(link->fd, out.at, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    link->is_broken = n < 0 && errno != EAGAIN && errno != EINTR;
    link->n_sent = n > 0 ? (size_t)n : 0;
    link->is_waiting = n < (ssize_t)out.n;
}

/* Then waits for what the connection is to wait for. */
static void end_output(struct link *link)
{
    struct conn *conn = link->conn;

    if (link->n_sent > 0 && !conn_is_cut(conn))
        server_on_written(link->links->server, conn, link->n_sent);
    link->n_sent = 0;
    if (conn_is_cut(conn) || link->is_broken || (conn_is_closing(conn) && conn_output(conn).n == 0))
        close_link(link);
    else
        poll_for(link, UV_DISCONNECT | (conn_wants_input(conn) ? UV_READABLE : 0) |
                           (link->is_waiting ? UV_WRITABLE : 0));
}

static void write_link(struct link *link)
{
    send_output(link);
    link->links->set_time(link->links->context);
    end_output(link);
}

static bool take_outputs(struct links *links)
{
    for (struct conn *conn; (conn = server_next_output(links->server)) != NULL;) {
        struct link *link = conn_io(conn);
        if (!list_is_linked(&link->written)) /* counting another may have cut it since */
            list_append(&links->written, &link->written);
    }
    return !list_is_empty(&links->written);
}

void links_write(struct links *links)
{
    while (take_outputs(links)) { /* what was written may make room for more */
        LIST_EACH (&links->written, at)
            send_output(LIST_ENTRY(at, struct link, written));
        links->set_time(links->context);
        for (struct list *first; (first = list_pop(&links->written)) != NULL;)
            end_output(LIST_ENTRY(first, struct link, written));
    }
}

bool links_have_output(const struct links *links)
{
    LIST_EACH (&links->all, at) {
        if (conn_output(LIST_ENTRY(at, struct link, all)->conn).n > 0)
            return true;
    }
    return false;
}

/* --- input ----------------------------------------------------------------------------------- */

uint32_t links_carry_out(struct links *links)
{
    uint32_t n = 0;

    for (struct list *first; (first = list_pop(&links->read)) != NULL;) {
        struct link *link = LIST_ENTRY(first, struct link, read);
        links->set_time(links->context);
        server_on_input(links->server, link->conn, link->input.at, link->input.n);
        n++;
    }
    links->n_input = 0;
    return n;
}

static void read_link(struct link *link)
{
    struct links *links = link->links;
    char *at = links->input + links->n_input;
    ssize_t n = recv(link->fd, at, READ_SIZE, MSG_DONTWAIT);

    if (n > 0) {
        link->input = (struct slice){at, (uint32_t)n};
        list_append(&links->read, &link->read);
        links->n_input += (size_t)n;
        if (INPUT_SIZE - links->n_input < READ_SIZE)
            links_carry_out(links);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_link(link);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;

    /* With very many that are ready libuv asks the kernel more than once in a turn. */
    if (list_is_linked(&link->read))
        return;
    if (events & UV_WRITABLE) {
        link->is_waiting = false;
        write_link(link);
    }
    if (link->conn == NULL)
        return;
    if (status != 0)
        close_link(link);
    else if (events & UV_READABLE)
        read_link(link);
    else if (events & UV_DISCONNECT)
        close_link(link);
}

void links_add(struct links *links, int fd, const struct peer *peer)
{
    struct link *link = memory_alloc_zeroed(1, sizeof *link);

    link->links = links;
    link->fd = fd;
    link->poll.data = link;
    if (uv_poll_init(links->loop, &link->poll, fd) != 0) {
        close(fd);
        free(link);
        return;
    }
    link->conn = server_on_connect(links->server, peer, link);
    list_append(&links->all, &link->all);
    poll_for(link, UV_DISCONNECT | UV_READABLE);
    read_link(link); /* or the end of its session could be decided before its hello is read */
}
