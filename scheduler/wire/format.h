/*
 * MessagePack's first bytes: what each of the 256 begins, as one table.
 *
 * The scanner and the cursor read the same table and nothing else of each other: the scanner needs
 * sizes, the cursor values.
 */
#ifndef WIRE_FORMAT_H
#define WIRE_FORMAT_H

#include <stdint.h>

/* What follows the first byte. */
enum format_kind {
    FORMAT_SCALAR,  /* nothing that has a length of its own */
    FORMAT_TEXT,    /* str or bin: a length, then so many bytes */
    FORMAT_EXT,     /* a length, one byte of type, then so many bytes */
    FORMAT_ARRAY,   /* a count of elements */
    FORMAT_MAP,     /* a count of pairs */
    FORMAT_RESERVED /* 0xc1: never used */
};

/*
 * `head`: the first byte with the length or count after it, if there is one. `fixed`: for a scalar
 * and for a fixext the bytes after the head, otherwise the length or count that is in the first
 * byte itself; without meaning when head > 1.
 */
struct format {
    uint8_t kind, head, fixed;
};

extern const struct format formats[256];

static inline uint16_t load16(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t load32(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t load64(const char *at)
{
    return (uint64_t)load32(at) << 32 | load32(at + 4);
}

/* The length or count of the value whose head is at `at`, whole. */
static inline uint32_t format_length(struct format format, const char *at)
{
    switch (format.head) {
    case 1:
        return format.fixed;
    case 2:
        return (unsigned char)at[1];
    case 3:
        return load16(at + 1);
    default:
        return load32(at + 1);
    }
}

#endif
