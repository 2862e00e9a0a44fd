/*
 * Doors: where connections are accepted.
 *
 * While the server has no room, or the process no descriptor, they are shut: those who knock wait
 * in the backlog of the socket, and the loop may sleep.
 */
#ifndef SERVER_DOOR_H
#define SERVER_DOOR_H

#include "server/link.h"
#include "server/listener.h"

struct door {
    uv_poll_t poll;
    struct doors *doors;
    struct listener *listener;
};

struct doors {
    struct links *links; /* what comes in is added there */
    struct door *at;     /* owned */
    uint32_t n;
    bool are_open, are_gone;
};

/* One door for each listener, which are open and stay the caller's. Returns a libuv error or 0. */
int doors_init(struct doors *doors, struct links *links, struct listener *listeners, uint32_t n);
/* When the loop has run to its end. */
void doors_finish(struct doors *doors);

/* Opens them if they are shut and there is room. */
void doors_open(struct doors *doors);
/* For ever, with their listeners. */
void doors_close(struct doors *doors);

#endif
