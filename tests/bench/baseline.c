#include "baseline.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*deliver)(uv_stream_t *client, char *bytes);

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    static char buffer[65536];

    (void)handle;
    (void)size;
    *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_read(uv_stream_t *client, ssize_t n, const uv_buf_t *buf)
{
    if (n == BASELINE_MESSAGE_SIZE)
        deliver(client, buf->base);
    else if (n != 0)
        uv_close((uv_handle_t *)client, on_closed);
}

static void on_connection(uv_stream_t *server, int status)
{
    union uv_any_handle *client = calloc(1, sizeof *client);

    if (status != 0 || client == NULL)
        abort();
    if (server->type == UV_NAMED_PIPE)
        uv_pipe_init(server->loop, &client->pipe, 0);
    else
        uv_tcp_init(server->loop, &client->tcp);
    uv_accept(server, &client->stream);
    if (server->type == UV_TCP)
        uv_tcp_nodelay(&client->tcp, 1);
    uv_read_start(&client->stream, on_alloc, on_read);
}

static int listen_at(const char *address, union uv_any_handle *server)
{
    uv_loop_t *loop = uv_default_loop();
    struct sockaddr_in name;
    int error;

    if (strncmp(address, "unix:", 5) == 0) {
        unlink(address + 5);
        uv_pipe_init(loop, &server->pipe, 0);
        error = uv_pipe_bind(&server->pipe, address + 5);
    } else {
        uv_tcp_init(loop, &server->tcp);
        uv_ip4_addr("127.0.0.1", atoi(strrchr(address, ':') + 1), &name);
        error = uv_tcp_bind(&server->tcp, (const struct sockaddr *)&name, 0);
    }
    return error != 0 ? error : uv_listen(&server->stream, 1024, on_connection);
}

int baseline_serve(const char *address, void (*on_message)(uv_stream_t *client, char *bytes))
{
    union uv_any_handle server;
    int error;

    deliver = on_message;
    signal(SIGPIPE, SIG_IGN); /* libuv does not */
    error = listen_at(address, &server);
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", address, uv_strerror(error));
        return 1;
    }
    puts("ready");
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

void baseline_answer(uv_stream_t *client, char *bytes)
{
    uv_buf_t out = uv_buf_init(bytes, BASELINE_MESSAGE_SIZE);
    int n = uv_try_write(client, &out, 1);

    /* A hundred bytes find room in the socket of a client that has nothing else under way. */
    if (n >= 0 && n != BASELINE_MESSAGE_SIZE)
        abort();
}
