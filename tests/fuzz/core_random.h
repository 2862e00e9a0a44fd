/*
 * Numbers that look random and are the same for the same seed (splitmix64).
 */
#ifndef FUZZ_CORE_RANDOM_H
#define FUZZ_CORE_RANDOM_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* 0 to n - 1; n is not 0. */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
    assert(n > 0);
    return (uint32_t)(random_next(r) % n);
}

static inline bool random_percent(struct random *r, uint32_t percent)
{
    return random_below(r, 100) < percent;
}

#endif
