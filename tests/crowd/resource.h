/*
 * Resources: what the locks are for. Two shared files with a cell for each key of
 * each world.
 *
 * A counter is guarded by nothing but the lock on its key: it is read at one time and written, one
 * higher, at another. If two ever hold the key, an increment is lost.
 *
 * A register is a resource that looks at tokens: it refuses whoever comes with a token below the
 * highest that it has seen. So a holder whose grant is over without its knowing does no harm. A
 * holder shows its token before it reads.
 */
#ifndef CROWD_RESOURCE_H
#define CROWD_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"

#define RESOURCE_CELLS (64 * POOL_WORLDS)

struct resource_register {
    uint64_t lock; /* its own: it is a resource, not a client */
    uint64_t highest;
    uint64_t value;
    uint64_t version; /* counts what it took */
};

struct resources {
    volatile uint64_t *counters;
    struct resource_register *registers;
};

/* Makes the files in the directory, or opens those that are there. */
void resources_open(struct resources *resources, const char *directory);

/* Each returns whether the token was taken, and the version that came of it. */
bool register_show(struct resource_register *cell, uint64_t token, uint64_t *value,
                   uint64_t *version);
bool register_write(struct resource_register *cell, uint64_t token, uint64_t value,
                    uint64_t *version);

#endif
