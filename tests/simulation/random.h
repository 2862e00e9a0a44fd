/*
 * A seeded source of chance: xorshift64*, so that a seed replays anywhere.
 * S. Vigna: "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

static inline struct chance chance_of(uint64_t seed)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (struct chance){(z ^ (z >> 31)) | 1};
}

static inline uint64_t chance_draw(struct chance *c)
{
    c->state ^= c->state >> 12;
    c->state ^= c->state << 25;
    c->state ^= c->state >> 27;
    return c->state * 0x2545f4914f6cdd1dULL;
}

/* 0 .. n - 1 */
static inline uint32_t chance_below(struct chance *c, uint32_t n)
{
    return (uint32_t)((chance_draw(c) >> 32) % n);
}

/* True in `percent` of 100 cases. */
static inline bool chance_is(struct chance *c, uint32_t percent)
{
    return chance_below(c, 100) < percent;
}

#endif
