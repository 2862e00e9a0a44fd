/*
 * Messages of the load: made once a connection, patched for each request.
 */
#ifndef BENCH_LOAD_MESSAGE_H
#define BENCH_LOAD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum load_mode {
    LOAD_ECHO,   /* 100 bytes, to be sent back */
    LOAD_COMMIT, /* 100 bytes, S and R in turn */
    LOAD_OWN,    /* submit and release, keys of the connection's own */
    LOAD_HOT,    /* acquire and release, keys that all connections want */
    LOAD_CHECK,  /* a submit of ten of the connection's keys, then checks of all of them */
    LOAD_MODES
};

extern const char *const load_mode_names[LOAD_MODES];

#define LOAD_PLAIN_SIZE 100

struct load_message {
    char *bytes; /* owned; free it */
    size_t n;
    size_t id_place; /* of the digits that load_message_patch writes; 0: none */
};

struct load_kind {
    enum load_mode mode;
    int connection;   /* its number */
    int n_keys;       /* not of the plain modes */
    bool is_second;   /* a release, or a check */
    unsigned run_tag; /* an id is never used twice: the daemon would know the operation */
};

void load_message_make(struct load_message *message, const struct load_kind *kind);
/* The operation of this number of the connection; numbers of up to nine digits. */
void load_message_patch(struct load_message *message, uint64_t number);

#endif
