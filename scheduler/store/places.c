#include "store/places.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/memory.h"

/* Tickets differ, and so do these hashes: the map needs no more. */
struct placed {
    struct map_link link; /* its hash is the ticket */
    int64_t place;
};

static struct placed *find(const struct places *places, int64_t ticket)
{
    struct map_link *link = map_first(&places->by_ticket, (uint64_t)ticket);
    return link == NULL ? NULL : LIST_ENTRY(link, struct placed, link);
}

static void give_back(void *context, struct map_link *link)
{
    (void)context;
    free(LIST_ENTRY(link, struct placed, link));
}

void places_finish(struct places *places)
{
    map_finish(&places->by_ticket, give_back, NULL);
    free(places->left);
}

void places_add(struct places *places, int64_t ticket, int64_t place)
{
    struct placed *placed = memory_alloc(sizeof *placed);

    placed->place = place;
    map_add(&places->by_ticket, &placed->link, (uint64_t)ticket);
    if (place > places->highest)
        places->highest = place;
}

int64_t places_take(struct places *places, int64_t ticket)
{
    const struct placed *placed = find(places, ticket);
    int64_t place;

    if (placed != NULL)
        return placed->place;
    if (!places_next_left(places, &place))
        place = places->highest + 1;
    places_add(places, ticket, place);
    return place;
}

void places_leave(struct places *places, int64_t ticket)
{
    struct placed *placed = find(places, ticket);

    if (placed == NULL)
        return;
    if (places->n_left == places->cap_left) {
        places->cap_left = places->cap_left == 0 ? 64 : places->cap_left * 2;
        places->left = memory_resize(places->left, places->cap_left * sizeof *places->left);
    }
    places->left[places->n_left++] = placed->place;
    map_remove(&places->by_ticket, &placed->link);
    free(placed);
}

bool places_next_left(struct places *places, int64_t *place)
{
    if (places->n_reused == places->n_left) {
        places->n_reused = places->n_left = 0;
        return false;
    }
    *place = places->left[places->n_reused++];
    return true;
}
