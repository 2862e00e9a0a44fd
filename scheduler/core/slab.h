/*
 * A slab: pieces of memory of many sizes, without a call of malloc for each small one.
 *
 * Sizes are rounded up to classes of 16 bytes; a piece above SLAB_PIECE_MAX is malloc's. Pieces
 * are aligned to 16. The owner of a piece remembers its size. The memory of small ones stays for
 * the next peak; finish gives back everything, pieces in use too.
 */
#ifndef CORE_SLAB_H
#define CORE_SLAB_H

#include <stddef.h>

#include "base/list.h"

#define SLAB_STEP      16
#define SLAB_PIECE_MAX 1024

struct slab_piece {
    struct slab_piece *next;
};

/* All zero: empty. */
struct slab {
    struct slab_piece *freed[SLAB_PIECE_MAX / SLAB_STEP + 1]; /* by class */
    struct slab_piece *blocks;                                /* all, for finish */
    char *at, *end;                                           /* what is left of the newest */
    struct list large;                                        /* pieces of malloc's */
};

void slab_finish(struct slab *slab);

/* n bytes, undefined; n may be 0. */
void *slab_alloc(struct slab *slab, size_t n);
/* `n` as it was asked for; NULL does nothing. */
void slab_free(struct slab *slab, void *piece, size_t n);

#endif
