/*
 * Addresses: from text to a connecting socket.
 */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_MAX 1024

/* The address in use when none is given: LOCKQ_ADDR, else where the daemon of this user or of the
 * system listens. False: it does not fit. */
bool address_default(char *address);
bool address_is_local(const char *address);

/* Begins to connect, without waiting. Returns a descriptor; -1: errno says why, 0 that the address
 * is not understood. Names of hosts are looked up, which may block. */
int address_connect(const char *address);

#endif
