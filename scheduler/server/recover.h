/*
 * Recovery: from rows to sessions and a core.
 */
#ifndef SERVER_RECOVER_H
#define SERVER_RECOVER_H

#include "server/state.h"

/* Opens the store and rebuilds server->core, sessions and pipeline. Nothing is granted yet. */
struct store_result recover(struct server *server);

/* The epoch of a daemon that starts now: above the stored one, and at least the hours since 2024,
 * so that tokens go on rising even where the stored state was lost. */
uint64_t recover_epoch(uint64_t stored, uint64_t wall_ms);

#endif
