/*
 * Moving the state from one backing to the other, while no daemon runs.
 *
 * The rows are copied as they are. Until all are there the other store says epoch 0, which no store
 * that was in use says; so one that was left half-way is known for it, and is written over by the
 * next attempt. Then the state directory notes the other backing. What was read stays as it was.
 */
#ifndef SERVER_MIGRATE_H
#define SERVER_MIGRATE_H

#include "server/config.h"
#include "store/store.h"

enum migrate_status {
    MIGRATE_OK,
    MIGRATE_TAKEN, /* a daemon runs on one of them */
    MIGRATE_OTHER, /* the state is not where it is to come from, or where it is to go is another */
    MIGRATE_FAILED /* a store failed */
};

struct migration {
    const struct config *config; /* forget_backend: what the other holds is written over */
    enum config_backend from, to;
};

/* Logs what it did; `why` (STATE_DIR_WHY_MAX) says what is wrong. */
enum migrate_status migrate(const struct migration *migration, char *why);

#endif
