/*
 * A map: members found by their hash, through a link inside themselves.
 *
 * Chained, doubled when it is as full as it is wide. The key and what it is compared with are the
 * caller's: a walk hands out every member whose whole hash is equal.
 */
#ifndef STORE_MAP_H
#define STORE_MAP_H

#include <stdint.h>

struct map_link {
    struct map_link *next;
    uint64_t hash;
};

/* All zero: empty. */
struct map {
    struct map_link **buckets;
    uint32_t n, width; /* members; buckets, a power of two or 0 */
};

/* Empties it; each member goes to `take`, which may free it. */
void map_finish(struct map *map, void (*take)(void *context, struct map_link *link), void *context);

void map_add(struct map *map, struct map_link *link, uint64_t hash);
void map_remove(struct map *map, struct map_link *link);

/* The first member with that hash, and the one after it; NULL: none. */
struct map_link *map_first(const struct map *map, uint64_t hash);
struct map_link *map_next(const struct map_link *link);

#endif
