#include "base/arena.h"

#include <stdlib.h>

#include "base/memory.h"

#define BLOCK_SIZE ((size_t)64 * 1024)
#define KEEP_MAX   ((size_t)1024 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size; /* of bytes */
    _Alignas(8) char bytes[];
};

static void free_blocks(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_finish(struct arena *arena)
{
    free_blocks(arena->first);
    *arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
    size_t kept = 0;

    for (struct arena_block **at = &arena->first; *at != NULL; at = &(*at)->next) {
        kept += (*at)->size;
        if (kept > KEEP_MAX) {
            free_blocks(*at);
            *at = NULL;
            break;
        }
    }
    arena->current = arena->first;
    arena->used = arena->total = 0;
}

static void next_block(struct arena *arena, size_t n)
{
    struct arena_block **at = arena->current == NULL ? &arena->first : &arena->current->next;

    if (*at == NULL || (*at)->size < n) {
        size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
        struct arena_block *block = memory_alloc(sizeof *block + size);
        block->size = size;
        block->next = *at;
        *at = block;
    }
    arena->current = *at;
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    void *at;

    n = (n + 7) & ~(size_t)7;
    if (arena->current == NULL || arena->current->size - arena->used < n)
        next_block(arena, n);
    at = arena->current->bytes + arena->used;
    arena->used += n;
    arena->total += n;
    return at;
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    char *at;

    if (s.at == NULL)
        return s;
    at = arena_alloc(arena, s.n == 0 ? 1 : s.n);
    if (s.n > 0)
        memcpy(at, s.at, s.n);
    return (struct slice){at, s.n};
}
