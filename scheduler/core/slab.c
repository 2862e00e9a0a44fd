#include "core/slab.h"

#include <stdlib.h>

#include "base/memory.h"

#define BLOCK_BYTES ((size_t)64 * 1024)

void slab_finish(struct slab *slab)
{
    for (struct slab_piece *block = slab->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    for (struct list *piece; (piece = list_pop(&slab->large)) != NULL;)
        free(piece);
    *slab = (struct slab){0};
}

/* Cuts a piece off the newest block. The rest of a block that is too small is left: less than one
 * piece in a block. */
static void *cut(struct slab *slab, size_t size)
{
    char *piece;

    if ((size_t)(slab->end - slab->at) < size) {
        struct slab_piece *block = memory_alloc(BLOCK_BYTES);
        block->next = slab->blocks;
        slab->blocks = block;
        slab->at = (char *)block + SLAB_STEP;
        slab->end = (char *)block + BLOCK_BYTES;
    }
    piece = slab->at;
    slab->at += size;
    return piece;
}

/* The link stands before the piece, and is as large as its alignment. */
static void *alloc_large(struct slab *slab, size_t n)
{
    struct list *link = memory_alloc(sizeof *link + n);

    *link = (struct list){NULL, NULL};
    list_append(&slab->large, link);
    return link + 1;
}

void *slab_alloc_slowly(struct slab *slab, size_t n)
{
    return n > SLAB_PIECE_MAX ? alloc_large(slab, n) : cut(slab, slab_class(n) * SLAB_STEP);
}

void slab_free_large(void *piece)
{
    struct list *link = (struct list *)piece - 1;

    list_remove(link);
    free(link);
}
