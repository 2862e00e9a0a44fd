#include "base/siphash.h"

#include <stdbool.h>
#include <string.h>

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

#define ROUND(v0, v1, v2, v3)                                                                      \
    do {                                                                                           \
        v0 += v1;                                                                                  \
        v1 = ROTL(v1, 13) ^ v0;                                                                    \
        v0 = ROTL(v0, 32);                                                                         \
        v2 += v3;                                                                                  \
        v3 = ROTL(v3, 16) ^ v2;                                                                    \
        v0 += v3;                                                                                  \
        v3 = ROTL(v3, 21) ^ v0;                                                                    \
        v2 += v1;                                                                                  \
        v1 = ROTL(v1, 17) ^ v2;                                                                    \
        v2 = ROTL(v2, 32);                                                                         \
    } while (0)

/* Words are read in the machine's order: hashes are compared on the machine that made them, or on
 * one of the same order (a store is moved between machines with --migrate, which hashes anew). */
static uint64_t word(const unsigned char *at)
{
    uint64_t w;
    memcpy(&w, at, sizeof w);
    return w;
}

/* The bytes after the last whole word, and the length. */
static inline uint64_t last_word(const unsigned char *at, size_t n)
{
    uint64_t last = (uint64_t)n << 56;
    size_t rest = n & 7;

    if (n >= 8) /* reads back into the word before: no loop over bytes */
        return rest == 0 ? last : last | word(at + rest - 8) >> (64 - 8 * rest);
    for (size_t i = 0; i < rest; i++)
        last |= (uint64_t)at[i] << (8 * i);
    return last;
}

static inline __attribute__((always_inline)) void hash(struct siphash_key key, const void *bytes,
                                                       size_t n, uint64_t *out, bool is_wide)
{
    const unsigned char *at = n == 0 ? (const unsigned char *)"" : bytes;
    const unsigned char *end = at + (n & ~(size_t)7);
    uint64_t v0 = key.k0 ^ 0x736f6d6570736575ULL;
    uint64_t v1 = key.k1 ^ 0x646f72616e646f6dULL;
    uint64_t v2 = key.k0 ^ 0x6c7967656e657261ULL;
    uint64_t v3 = key.k1 ^ 0x7465646279746573ULL;
    uint64_t m;

    if (is_wide)
        v1 ^= 0xee;
    for (; at != end; at += 8) {
        m = word(at);
        v3 ^= m;
        ROUND(v0, v1, v2, v3);
        v0 ^= m;
    }
    m = last_word(at, n);
    v3 ^= m;
    ROUND(v0, v1, v2, v3);
    v0 ^= m;
    v2 ^= is_wide ? 0xee : 0xff;
    ROUND(v0, v1, v2, v3);
    ROUND(v0, v1, v2, v3);
    ROUND(v0, v1, v2, v3);
    out[0] = v0 ^ v1 ^ v2 ^ v3;
    if (!is_wide)
        return;
    v1 ^= 0xdd;
    ROUND(v0, v1, v2, v3);
    ROUND(v0, v1, v2, v3);
    ROUND(v0, v1, v2, v3);
    out[1] = v0 ^ v1 ^ v2 ^ v3;
}

uint64_t siphash13(struct siphash_key key, const void *bytes, size_t n)
{
    uint64_t out;

    hash(key, bytes, n, &out, false);
    return out;
}

void siphash13_wide(struct siphash_key key, const void *bytes, size_t n, uint64_t out[2])
{
    hash(key, bytes, n, out, true);
}
