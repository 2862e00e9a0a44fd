/*
 * The backing: from the configuration to the store that keeps the state.
 */
#ifndef SERVER_BACKING_H
#define SERVER_BACKING_H

#include "server/config.h"
#include "server/state_dir.h"
#include "store/store.h"

/* A store of that kind (not auto), not open yet, as the configuration describes it. */
struct store *backing_create(enum config_backend backend, const struct config *config,
                             const struct state_dir *dir);

/* The id of an open store that is not in the state directory; "" for the others. */
const char *backing_id(enum config_backend backend, const struct store *store);

#endif
