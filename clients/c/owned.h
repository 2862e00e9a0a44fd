/*
 * The operations that are tied to a handle's session and live: what is lost if the session is.
 *
 * A daemon that is started again remembers only sessions that own something. A handle that owns
 * nothing loses nothing, and simply begins a new session.
 */
#ifndef CLIENT_OWNED_H
#define CLIENT_OWNED_H

#include <stdbool.h>

/* Zeroed is empty. A tree of ids, each one owned. */
struct owned {
    void *ids;
};

void owned_finish(struct owned *owned);
void owned_add(struct owned *owned, const char *op);
void owned_remove(struct owned *owned, const char *op);
bool owned_is_empty(const struct owned *owned);

#endif
