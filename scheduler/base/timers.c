#include "base/timers.h"

#include <stdlib.h>

#include "base/memory.h"

static bool before(const struct timer *a, const struct timer *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct timers *timers, uint32_t place, struct timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct timers *timers, uint32_t place, struct timer *timer)
{
    for (; place > 1 && before(timer, timers->heap[place / 2]); place /= 2)
        put(timers, place, timers->heap[place / 2]);
    put(timers, place, timer);
}

static void sift_down(struct timers *timers, uint32_t place, struct timer *timer)
{
    for (uint32_t child; (child = place * 2) <= timers->n; place = child) {
        if (child < timers->n && before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!before(timers->heap[child], timer))
            break;
        put(timers, place, timers->heap[child]);
    }
    put(timers, place, timer);
}

static void settle(struct timers *timers, uint32_t place, struct timer *timer)
{
    if (place > 1 && before(timer, timers->heap[place / 2]))
        sift_up(timers, place, timer);
    else
        sift_down(timers, place, timer);
}

void timers_finish(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}

void timers_arm(struct timers *timers, struct timer *timer, int64_t at)
{
    timer->at = at;
    timer->order = ++timers->armed;
    if (timer->place != 0) {
        settle(timers, timer->place, timer);
        return;
    }
    if (timers->n + 1 >= timers->cap) {
        timers->cap = timers->cap == 0 ? 16 : timers->cap * 2;
        timers->heap = memory_resize(timers->heap, timers->cap * sizeof(struct timer *));
    }
    sift_up(timers, ++timers->n, timer);
}

void timers_disarm(struct timers *timers, struct timer *timer)
{
    uint32_t place = timer->place;
    struct timer *last;

    if (place == 0)
        return;
    timer->place = 0;
    last = timers->heap[timers->n--];
    if (last != timer)
        settle(timers, place, last);
}

int64_t timers_next(const struct timers *timers)
{
    return timers->n == 0 ? TIMERS_NEVER : timers->heap[1]->at;
}

struct timer *timers_pop(struct timers *timers, int64_t now)
{
    struct timer *first = timers->n == 0 ? NULL : timers->heap[1];

    if (first == NULL || first->at > now)
        return NULL;
    timers_disarm(timers, first);
    return first;
}
