/*
 * A slice: bytes that somebody else owns, not terminated by a zero.
 *
 * An empty slice has n == 0; `at` may then be NULL. Where "absent" and "empty" differ, absent
 * is at == NULL.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *at;
    uint32_t n;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

static inline struct slice slice_of(const char *text)
{
    return (struct slice){text, (uint32_t)strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

/* Byte order, a prefix before what it begins: <0, 0 or >0 as memcmp. */
static inline int slice_compare(struct slice a, struct slice b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.at, b.at, n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

#endif
