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

/* What the two below do when no piece of the class was freed before, or the piece is malloc's. */
void *slab_alloc_slowly(struct slab *slab, size_t n);
void slab_free_large(void *piece);

static inline size_t slab_class(size_t n)
{
    return n == 0 ? 1 : (n + SLAB_STEP - 1) / SLAB_STEP;
}

/* n bytes, undefined; n may be 0. */
static inline void *slab_alloc(struct slab *slab, size_t n)
{
    struct slab_piece **freed, *piece;

    if (n > SLAB_PIECE_MAX)
        return slab_alloc_slowly(slab, n);
    freed = &slab->freed[slab_class(n)];
    piece = *freed;
    if (piece == NULL)
        return slab_alloc_slowly(slab, n);
    *freed = piece->next;
    return piece;
}

/* `n` as it was asked for; NULL does nothing. */
static inline void slab_free(struct slab *slab, void *piece, size_t n)
{
    struct slab_piece *freed = piece;

    if (freed == NULL)
        return;
    if (n > SLAB_PIECE_MAX) {
        slab_free_large(piece);
        return;
    }
    freed->next = slab->freed[slab_class(n)];
    slab->freed[slab_class(n)] = freed;
}

#endif
