/*
 * lockq-crowd: real clients that do random work, and write down what they asked and heard.
 *
 *     lockq-crowd --socket PATH --directory DIR --seed N [--processes 4] [--connections 64]
 *
 * They go on until TERM; then they begin nothing new, and end when everything has ended: with 0, or
 * with 1 when something has not ended within a minute. Whoever ends the daemon meanwhile, and
 * starts it again, is no concern of theirs. lockq-crowd-judge reads what they wrote.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lane.h"

#define EVENTS      64
#define END_WITHIN  60000000ULL /* us */
#define PROCESS_MAX 64

struct arguments {
    const char *socket, *directory;
    uint64_t seed;
    int processes, connections;
};

static volatile sig_atomic_t is_told_to_end;

static void on_term(int signal)
{
    (void)signal;
    is_told_to_end = 1;
}

/* --- one process ----------------------------------------------------------------------------- */

static bool is_at_rest(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->n_links; i++)
        for (int k = 0; k < LANES; k++)
            if (!lane_is_at_rest(&crowd->links[i].lanes[k]))
                return false;
    return true;
}

static void tend(struct crowd *crowd)
{
    uint64_t now_us = history_now_us();

    for (int i = 0; i < crowd->n_links; i++) {
        struct link *link = &crowd->links[i];
        link_tend(link, now_us);
        for (int k = 0; k < LANES; k++)
            lane_tend(&link->lanes[k], now_us);
        link_flush(link);
    }
}

static void tell_stuck(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->n_links; i++)
        for (int k = 0; k < LANES; k++) {
            const struct lane *lane = &crowd->links[i].lanes[k];
            if (!lane_is_at_rest(lane))
                fprintf(stderr, "lockq-crowd: c%u-%u has not ended (aim %d)\n",
                        crowd->links[i].client, (unsigned)lane->work.op, (int)lane->aim);
        }
}

static int run(struct crowd *crowd)
{
    struct epoll_event events[EVENTS];
    uint64_t told_us = 0;

    while (!crowd->is_over || !is_at_rest(crowd)) {
        int n = epoll_wait(crowd->poll, events, EVENTS, 1);
        for (int i = 0; i < n; i++)
            link_on_ready(events[i].data.ptr, events[i].events);
        tend(crowd);
        if (is_told_to_end && !crowd->is_over) {
            crowd->is_over = true;
            told_us = history_now_us();
        }
        if (crowd->is_over && history_now_us() > told_us + END_WITHIN) {
            tell_stuck(crowd);
            return 1;
        }
    }
    return 0;
}

static int run_process(const struct arguments *arguments, int process)
{
    int each = arguments->connections / arguments->processes, status;
    int first = process * each;
    struct crowd crowd = {.path = arguments->socket,
                          .poll = epoll_create1(EPOLL_CLOEXEC),
                          .history = history_create(arguments->directory, first),
                          .links = calloc((size_t)each, sizeof(struct link)),
                          .n_links = each};

    if (crowd.links == NULL || crowd.poll < 0)
        abort();
    resources_open(&crowd.resources, arguments->directory);
    for (int i = 0; i < each; i++)
        link_init(&crowd.links[i], &crowd, (uint16_t)(first + i), arguments->seed);
    status = run(&crowd);
    for (int i = 0; i < each; i++)
        link_finish(&crowd.links[i]);
    free(crowd.links);
    history_destroy(crowd.history);
    close(crowd.poll);
    return status;
}

/* --- all of them ----------------------------------------------------------------------------- */

static bool read_arguments(struct arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 'a'},      {"directory", required_argument, NULL, 'd'},
        {"seed", required_argument, NULL, 's'},        {"processes", required_argument, NULL, 'p'},
        {"connections", required_argument, NULL, 'c'}, {0},
    };

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'a')
            arguments->socket = optarg;
        else if (option == 'd')
            arguments->directory = optarg;
        else if (option == 's')
            arguments->seed = strtoull(optarg, NULL, 10);
        else if (option == 'p')
            arguments->processes = (int)strtol(optarg, NULL, 10);
        else if (option == 'c')
            arguments->connections = (int)strtol(optarg, NULL, 10);
        else
            return false;
    }
    return optind == argc && arguments->socket != NULL && arguments->directory != NULL &&
           arguments->processes > 0 && arguments->processes <= PROCESS_MAX &&
           arguments->connections >= arguments->processes &&
           arguments->connections <= HISTORY_CLIENTS;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.processes = 4, .connections = 64};
    struct sigaction action = {.sa_handler = on_term};
    pid_t children[PROCESS_MAX];
    int worst = 0;

    if (!read_arguments(&arguments, argc, argv)) {
        fputs("usage: lockq-crowd --socket PATH --directory DIR --seed N [--processes N]\n"
              "                   [--connections N]\n",
              stderr);
        return 64;
    }
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody is left behind to meet the next daemon */
    for (int i = 0; i < arguments.processes; i++) {
        if ((children[i] = fork()) == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            return run_process(&arguments, i);
        }
    }
    for (int i = 0, status; i < arguments.processes;) {
        if (is_told_to_end == 1) {
            is_told_to_end = 2;
            for (int k = i; k < arguments.processes; k++)
                kill(children[k], SIGTERM);
        }
        if (waitpid(children[i], &status, 0) < 0) {
            if (errno == EINTR)
                continue;
            return 1;
        }
        if (status != 0)
            worst = 1;
        i++;
    }
    return worst;
}
