/*
 * The daemon's ends of all links: what server/link.c does with its sockets, in the same phases.
 */
#ifndef SIM_LINKS_H
#define SIM_LINKS_H

#include "world.h"

/* Accepts those who knock, reads each of the others once, finds those that have gone. */
void links_read(struct world *world);
/* Tells the server what was read; returns whether that was anything. */
bool links_carry_out(struct world *world);
/* Writes what may leave and closes what is to be closed. */
void links_write(struct world *world);
bool links_have_output(const struct world *world);

/* The process is gone; what it wrote may still arrive, but for a power failure. */
void links_die(struct world *world, bool power);
/* It listens no more. */
void links_refuse(struct world *world);

/* When one of them next has something for the daemon. */
int64_t links_next_ms(const struct world *world);

#endif
