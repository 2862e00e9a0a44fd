/*
 * An arena: many allocations, one end.
 *
 * Addresses stay until the reset. Blocks are kept for the next round, up to 1 MiB of them.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena_block;

/* All zero: empty. */
struct arena {
    struct arena_block *first, *current;
    size_t used;  /* of the current block */
    size_t total; /* bytes handed out since the reset */
};

void arena_finish(struct arena *arena);
void arena_reset(struct arena *arena);

/* n bytes, aligned to 8. */
void *arena_alloc(struct arena *arena, size_t n);
/* A copy of s; at == NULL stays NULL. */
struct slice arena_copy(struct arena *arena, struct slice s);

#endif
