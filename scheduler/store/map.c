#include "store/map.h"

#include <stdlib.h>

#include "base/memory.h"

#define WIDTH_LEAST 64

static void give_all(struct map *map, void (*take)(void *context, struct map_link *link),
                     void *context)
{
    for (uint32_t i = 0; i < map->width; i++)
        for (struct map_link *link = map->buckets[i], *next; link != NULL; link = next) {
            next = link->next;
            take(context, link);
        }
    free(map->buckets);
}

void map_finish(struct map *map, void (*take)(void *context, struct map_link *link), void *context)
{
    give_all(map, take, context);
    *map = (struct map){0};
}

static struct map_link **bucket(const struct map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->width - 1)];
}

static void move(void *wider, struct map_link *link)
{
    map_add(wider, link, link->hash);
}

static void widen(struct map *map)
{
    struct map wider = {.width = map->width == 0 ? WIDTH_LEAST : map->width * 2};

    wider.buckets = memory_alloc_zeroed(wider.width, sizeof(struct map_link *));
    give_all(map, move, &wider);
    *map = wider;
}

void map_add(struct map *map, struct map_link *link, uint64_t hash)
{
    struct map_link **head;

    if (map->n == map->width)
        widen(map);
    head = bucket(map, hash);
    link->hash = hash;
    link->next = *head;
    *head = link;
    map->n++;
}

void map_remove(struct map *map, struct map_link *link)
{
    struct map_link **at = bucket(map, link->hash);

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    map->n--;
}

static struct map_link *with_hash(struct map_link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash)
        link = link->next;
    return link;
}

struct map_link *map_first(const struct map *map, uint64_t hash)
{
    return map->n == 0 ? NULL : with_hash(*bucket(map, hash), hash);
}

struct map_link *map_next(const struct map_link *link)
{
    return with_hash(link->next, link->hash);
}
