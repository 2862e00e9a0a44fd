/*
 * lockq-bench-load: many connections, each with one request under way, for a given time.
 *
 *     lockq-bench-load --addr unix:/path|tcp:127.0.0.1:port --mode MODE [--connections N]
 *                      [--keys K] [--seconds S]
 *
 *     echo    100-byte messages, to a server that sends them back
 *     commit  100-byte messages S and R in turn, to the baseline with the database
 *     own     submit and release of K keys of the connection's own
 *     hot     acquire and release of K keys that all connections want
 *     check   one submit of ten of K keys of the connection's own, then checks of all of them
 *
 * What is measured is the server, as far as the client leaves it a processor: messages are made
 * once and patched, answers are scanned for their end and for the state they must tell. The client
 * is the least that is fair: each operation has an id, as the library gives it; it is tied to the
 * session, which therefore releases it without a token; nobody says hello. Prints requests (echo,
 * check) or pairs a second, and the median and the 99th percentile of the time from a request to
 * its answer, in microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "load_message.h"
#include "wire/scan.h"

#define ANSWER_MAX 65536
#define EVENTS     256

/* Times from request to answer, by size: 16 steps for each power of two. */
#define STEPS       16
#define HISTOGRAM_N (64 * STEPS)

struct connection {
    int fd;
    bool is_second; /* which message of the pair is under way */
    struct load_message first, second;
    struct scanner scanner;
    size_t n_in;
    uint64_t done, sent_ns;
    char in[ANSWER_MAX];
};

struct load {
    enum load_mode mode;
    const char *address;
    int n_connections, n_keys;
    double seconds;
    int poll;
    uint64_t done;
    uint64_t histogram[HISTOGRAM_N], answers;
};

static void die(const char *what)
{
    fprintf(stderr, "lockq-bench-load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- the times ------------------------------------------------------------------------------- */

static void note_time(struct load *load, uint64_t ns)
{
    int power = 63 - __builtin_clzll(ns | STEPS);

    load->histogram[power * STEPS + (int)(ns >> (power - 4) & (STEPS - 1))]++;
    load->answers++;
}

static double percentile_us(const struct load *load, double share)
{
    uint64_t seen = 0;
    int i = 0;

    while (i < HISTOGRAM_N - 1 &&
           (double)(seen += load->histogram[i]) < share * (double)load->answers)
        i++;
    return (double)((uint64_t)(STEPS + i % STEPS) << i / STEPS) / STEPS / 1000;
}

/* --- one connection -------------------------------------------------------------------------- */

static int connect_to(const char *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_local = strncmp(address, "unix:", 5) == 0;
    int on = 1, fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

    if (is_local) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", address + 5);
    } else {
        tcp.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (fd < 0 || connect(fd, is_local ? (struct sockaddr *)&local : (struct sockaddr *)&tcp,
                          is_local ? sizeof local : sizeof tcp) != 0)
        die(address);
    return fd;
}

static void open_connection(struct load *load, struct connection *c, int number, unsigned run_tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    struct load_kind kind = {load->mode, number, load->n_keys, false, run_tag};

    c->fd = connect_to(load->address);
    c->scanner = (struct scanner){.bytes_max = sizeof c->in, .depth_max = 16};
    load_message_make(&c->first, &kind);
    kind.is_second = true;
    load_message_make(&c->second, &kind);
    epoll_ctl(load->poll, EPOLL_CTL_ADD, c->fd, &event);
}

static void close_connection(struct connection *c)
{
    close(c->fd);
    free(c->first.bytes);
    free(c->second.bytes);
}

static void send_next(struct connection *c)
{
    struct load_message *message = c->is_second ? &c->second : &c->first;

    load_message_patch(message, c->done);
    c->sent_ns = now_ns();
    if (send(c->fd, message->bytes, message->n, MSG_NOSIGNAL) != (ssize_t)message->n)
        die("send");
}

/* Nothing here may be refused: an answer without the state that it must tell is the end. */
static void check_answer(const struct load *load, const struct connection *c, size_t n)
{
    const char *state = c->is_second && load->mode != LOAD_CHECK ? "released" : "granted";

    if (memmem(c->in, n, state, strlen(state)) != NULL)
        return;
    fprintf(stderr, "lockq-bench-load: not %s: %.*s\n", state, (int)n, c->in);
    exit(1);
}

static bool has_answer(const struct load *load, struct connection *c)
{
    size_t n_frame;

    if (load->mode == LOAD_ECHO || load->mode == LOAD_COMMIT)
        return c->n_in == LOAD_PLAIN_SIZE;
    switch (scan(&c->scanner, c->in, c->n_in, &n_frame)) {
    case SCAN_MORE:
        return false;
    case SCAN_FRAME:
        check_answer(load, c, n_frame);
        return true;
    default:
        fputs("lockq-bench-load: an answer is broken\n", stderr);
        exit(1);
    }
}

static void on_readable(struct load *load, struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, sizeof c->in - c->n_in, 0);

    if (n <= 0)
        die("recv");
    c->n_in += (size_t)n;
    if (!has_answer(load, c))
        return;
    note_time(load, now_ns() - c->sent_ns);
    c->n_in = 0;
    if (load->mode == LOAD_ECHO || c->is_second) {
        c->done++;
        load->done++;
    }
    if (load->mode != LOAD_ECHO)
        c->is_second = !c->is_second || load->mode == LOAD_CHECK;
    send_next(c);
}

/* --- all of them ----------------------------------------------------------------------------- */

static void run(struct load *load, double seconds)
{
    uint64_t until = now_ns() + (uint64_t)(seconds * 1e9);
    struct epoll_event events[EVENTS];

    while (now_ns() < until) {
        int n = epoll_wait(load->poll, events, EVENTS, 100);
        for (int i = 0; i < n; i++)
            on_readable(load, events[i].data.ptr);
    }
}

static void measure(struct load *load)
{
    uint64_t begin;
    double took;

    run(load, load->seconds / 4); /* until everything is warm */
    memset(load->histogram, 0, sizeof load->histogram);
    load->answers = load->done = 0;
    begin = now_ns();
    run(load, load->seconds);
    took = (double)(now_ns() - begin) / 1e9;
    printf("%.1f %.1f %.1f\n", (double)load->done / took, percentile_us(load, 0.5),
           percentile_us(load, 0.99));
}

static bool read_arguments(struct load *load, int argc, char **argv)
{
    static const struct option options[] = {
        {"addr", required_argument, NULL, 'a'},        {"mode", required_argument, NULL, 'm'},
        {"connections", required_argument, NULL, 'c'}, {"keys", required_argument, NULL, 'k'},
        {"seconds", required_argument, NULL, 's'},     {0},
    };

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'a')
            load->address = optarg;
        else if (option == 'c')
            load->n_connections = (int)strtol(optarg, NULL, 10);
        else if (option == 'k')
            load->n_keys = (int)strtol(optarg, NULL, 10);
        else if (option == 's')
            load->seconds = strtod(optarg, NULL);
        else if (option == 'm')
            for (load->mode = LOAD_ECHO; load->mode < LOAD_MODES; load->mode++)
                if (strcmp(optarg, load_mode_names[load->mode]) == 0)
                    break;
    }
    return load->address != NULL && load->mode < LOAD_MODES && load->n_connections > 0 &&
           load->n_keys > 0 && load->seconds > 0;
}

int main(int argc, char **argv)
{
    struct load load = {.mode = LOAD_MODES, .n_connections = 64, .n_keys = 1, .seconds = 2};
    struct connection *connections;
    unsigned run_tag = (unsigned)now_ns();

    if (!read_arguments(&load, argc, argv)) {
        fputs("usage: lockq-bench-load --addr ADDR --mode echo|commit|own|hot|check\n"
              "                        [--connections N] [--keys K] [--seconds S]\n",
              stderr);
        return 64;
    }
    load.poll = epoll_create1(0);
    connections = calloc((size_t)load.n_connections, sizeof *connections);
    if (connections == NULL || load.poll < 0)
        die("start");
    for (int i = 0; i < load.n_connections; i++)
        open_connection(&load, &connections[i], i, run_tag);
    for (int i = 0; i < load.n_connections; i++)
        send_next(&connections[i]);
    measure(&load);
    for (int i = 0; i < load.n_connections; i++)
        close_connection(&connections[i]);
    free(connections);
    return 0;
}
