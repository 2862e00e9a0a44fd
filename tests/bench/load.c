/*
 * lockq-bench-load: many connections, each with one request under way, for a given time.
 *
 *     lockq-bench-load --addr unix:/path|tcp:host:port --mode MODE [--connections N] [--keys K]
 *                      [--seconds S]
 *
 *     echo    100-byte messages, to a server that sends them back
 *     commit  100-byte messages S and R in turn, to the baseline with the database
 *     own     submit and release of K keys of the connection's own
 *     hot     acquire and release of one key that all connections want
 *
 * Messages are made once and patched, answers only scanned for their end: what is measured is the
 * server, as far as the client shares its processors. The client neither says hello nor sends a
 * token: an operation tied to its session is released by its session. Prints requests a second
 * (echo), else pairs a second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <msgpack.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "wire/scan.h"

#define PLAIN_SIZE 100
#define ID_DIGITS  9

enum mode { ECHO, COMMIT, OWN, HOT };

static const char *const mode_names[] = {"echo", "commit", "own", "hot"};

struct message {
    msgpack_sbuffer bytes;
    size_t id_place; /* of the operation id's digits */
};

struct connection {
    int fd;
    bool releases; /* the request under way */
    struct message submit, release;
    struct scanner scanner;
    char in[65536];
    size_t n_in;
    uint64_t done;
};

static enum mode mode;
static const char *address;
static int n_connections = 64, n_keys = 1;
static double seconds = 2;

static void die(const char *what)
{
    fprintf(stderr, "lockq-bench-load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- messages -------------------------------------------------------------------------------- */

static void put(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

static void make(struct message *message, int number, const char *method, bool with_keys)
{
    msgpack_packer packer;
    char text[64];

    msgpack_sbuffer_init(&message->bytes);
    msgpack_packer_init(&packer, &message->bytes, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 4);
    msgpack_pack_int(&packer, 0);
    msgpack_pack_int(&packer, 7);
    put(&packer, method);
    msgpack_pack_array(&packer, 1);
    msgpack_pack_map(&packer, with_keys ? 2 : 1);
    put(&packer, "op");
    snprintf(text, sizeof text, "b%d.%05d-%0*d", (int)getpid(), number, ID_DIGITS, 0);
    put(&packer, text);
    message->id_place = message->bytes.size - ID_DIGITS;
    if (!with_keys)
        return;
    put(&packer, "keys");
    msgpack_pack_array(&packer, (size_t)n_keys);
    for (int i = 0; i < n_keys; i++) {
        snprintf(text, sizeof text, "Task/%d-%d", mode == HOT ? 0 : number, i);
        put(&packer, text);
    }
}

static void make_plain(struct message *message, int number, char kind)
{
    char bytes[PLAIN_SIZE] = {kind};

    snprintf(bytes + 1, sizeof bytes - 1, "%07d%05d%0*d", (int)getpid() % 10000000, number,
             ID_DIGITS, 0);
    msgpack_sbuffer_init(&message->bytes);
    msgpack_sbuffer_write(&message->bytes, bytes, sizeof bytes);
    message->id_place = 13;
}

static void patch(struct message *message, uint64_t number)
{
    char *digit = message->bytes.data + message->id_place + ID_DIGITS;

    for (int i = 0; i < ID_DIGITS; i++, number /= 10)
        *--digit = (char)('0' + number % 10);
}

/* --- connections ----------------------------------------------------------------------------- */

static int connect_to(void)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in tcp = {.sin_family = AF_INET};
    bool is_local = strncmp(address, "unix:", 5) == 0;
    const char *colon = strrchr(address, ':');
    int on = 1, fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

    if (is_local) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", address + 5);
    } else {
        char host[64];
        snprintf(host, sizeof host, "%.*s", (int)(colon - address - 4), address + 4);
        tcp.sin_port = htons((uint16_t)atoi(colon + 1));
        if (inet_pton(AF_INET, host, &tcp.sin_addr) != 1)
            die(address);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (fd < 0 || connect(fd, is_local ? (struct sockaddr *)&local : (struct sockaddr *)&tcp,
                          is_local ? sizeof local : sizeof tcp) != 0)
        die(address);
    return fd;
}

static void send_next(struct connection *c)
{
    struct message *message = c->releases ? &c->release : &c->submit;

    patch(message, c->done);
    if (send(c->fd, message->bytes.data, message->bytes.size, MSG_NOSIGNAL) !=
        (ssize_t)message->bytes.size)
        die("send");
}

/* Whether the answer under way is whole. An error is the end: nothing here may be refused. */
static bool has_answer(struct connection *c)
{
    size_t n_frame;

    if (mode == ECHO || mode == COMMIT) {
        if (c->n_in < PLAIN_SIZE)
            return false;
        c->n_in = 0;
        return true;
    }
    switch (scan(&c->scanner, c->in, c->n_in, &n_frame)) {
    case SCAN_MORE:
        return false;
    case SCAN_FRAME:
        /* [1, 7, nil, ...]: the error is the fourth byte */
        if ((unsigned char)c->in[3] != 0xc0) {
            fprintf(stderr, "lockq-bench-load: %.*s\n", (int)n_frame - 5, c->in + 5);
            exit(1);
        }
        c->n_in = 0;
        return true;
    default:
        errno = EPROTO;
        die("answer");
        return false;
    }
}

static void on_readable(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, sizeof c->in - c->n_in, 0);

    if (n <= 0)
        die("recv");
    c->n_in += (size_t)n;
    if (!has_answer(c))
        return;
    if (mode == ECHO || c->releases)
        c->done++;
    if (mode != ECHO)
        c->releases = !c->releases;
    send_next(c);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void open_connection(struct connection *c, int number, int poll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    c->fd = connect_to();
    c->scanner = (struct scanner){.bytes_max = sizeof c->in, .depth_max = 16};
    if (mode == ECHO || mode == COMMIT) {
        make_plain(&c->submit, number, 'S');
        make_plain(&c->release, number, 'R');
    } else {
        make(&c->submit, number, mode == HOT ? "acquire" : "submit", true);
        make(&c->release, number, "release", false);
    }
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
}

static uint64_t count(const struct connection *connections)
{
    uint64_t n = 0;
    for (int i = 0; i < n_connections; i++)
        n += connections[i].done;
    return n;
}

static void run(int poll, double until)
{
    struct epoll_event events[256];

    while (now() < until) {
        int n = epoll_wait(poll, events, 256, 100);
        for (int i = 0; i < n; i++)
            on_readable(events[i].data.ptr);
    }
}

static void read_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"addr", required_argument, NULL, 'a'},        {"mode", required_argument, NULL, 'm'},
        {"connections", required_argument, NULL, 'c'}, {"keys", required_argument, NULL, 'k'},
        {"seconds", required_argument, NULL, 's'},     {0},
    };
    int which = -1;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'a')
            address = optarg;
        else if (option == 'c')
            n_connections = atoi(optarg);
        else if (option == 'k')
            n_keys = atoi(optarg);
        else if (option == 's')
            seconds = atof(optarg);
        else if (option == 'm')
            for (int i = ECHO; i <= HOT; i++)
                if (strcmp(optarg, mode_names[i]) == 0)
                    which = i;
    }
    if (address == NULL || which < 0 || n_connections < 1 || n_keys < 1) {
        fputs("usage: lockq-bench-load --addr ADDR --mode echo|commit|own|hot\n"
              "                        [--connections N] [--keys K] [--seconds S]\n",
              stderr);
        exit(64);
    }
    mode = (enum mode)which;
}

int main(int argc, char **argv)
{
    struct connection *connections;
    double begin, end;
    uint64_t before;
    int poll = epoll_create1(0);

    read_arguments(argc, argv);
    connections = calloc((size_t)n_connections, sizeof *connections);
    if (connections == NULL || poll < 0)
        die("start");
    for (int i = 0; i < n_connections; i++)
        open_connection(&connections[i], i, poll);
    for (int i = 0; i < n_connections; i++)
        send_next(&connections[i]);
    run(poll, now() + seconds / 4); /* until everything is warm */
    before = count(connections);
    begin = now();
    run(poll, begin + seconds);
    end = now();
    printf("%.0f\n", (double)(count(connections) - before) / (end - begin));
    return 0;
}
