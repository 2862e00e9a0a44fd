/*
 * The command line of lockqd.
 */
#ifndef SERVER_ARGUMENTS_H
#define SERVER_ARGUMENTS_H

#include <stdio.h>

#include "server/config.h"

struct arguments {
    const char *file;
    const char *listen[CONFIG_LISTEN_MAX];
    uint32_t n_listen;
    const char *state_dir, *backend, *redis;
    const char *migrate_from, *migrate_to; /* NULL: it is to run */
    bool forget_backend, only_check;
};

/* False: it is not understood. --help and --version end the process. */
bool arguments_read(int argc, char **argv, struct arguments *arguments);
void arguments_print_usage(FILE *out);

#endif
