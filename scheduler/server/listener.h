/*
 * Listeners: sockets that wait for connections, and the rules for their files.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/server.h"

#define LISTENER_TEXT_MAX 1024
#define LISTENER_WHY_MAX  1536
#define LISTENER_TCP_PORT "5625"

struct listener {
    int fd; /* -1: closed */
    bool is_local;
    char address[LISTENER_TEXT_MAX]; /* as clients write it */
    char path[LISTENER_TEXT_MAX];    /* of a unix socket */
    dev_t device;                    /* of its file, so that only our own is removed */
    ino_t inode;
};

enum listener_status {
    LISTENER_OK,
    LISTENER_TAKEN, /* another daemon answers there */
    LISTENER_FAILED
};

/* `address` as in the configuration; a missing TCP port is 5625, port 0 is one of the system's
 * choice. A socket file that nobody answers at is replaced; anything else there is an error. */
enum listener_status listener_open(struct listener *listener, const char *address, uint32_t mode,
                                   char *why);

/* The next connection: a non-blocking descriptor and who it is; -1: none, errno says why. */
int listener_accept(const struct listener *listener, struct peer *peer);

/* Stops listening; the socket file goes if it is still ours. */
void listener_close(struct listener *listener);

#endif
