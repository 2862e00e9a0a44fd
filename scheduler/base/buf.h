/*
 * A buffer of bytes that grows at its end and is consumed from its front.
 *
 * The bytes in use are [start, end) of `at`. Consuming moves `start`; room at the front is taken
 * back before the buffer grows, so a steady flow settles at one size.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

#include "base/slice.h"

struct buf {
    char *at; /* owned; NULL while cap is 0 */
    size_t start, end, cap;
};

/* All zero is an empty buffer; finish frees and makes it empty again. */
void buf_finish(struct buf *b);

static inline size_t buf_size(const struct buf *b)
{
    return b->end - b->start;
}

static inline char *buf_data(const struct buf *b)
{
    return b->at == NULL ? NULL : b->at + b->start;
}

/* Makes the room that buf_reserve did not find; only it calls this. */
char *buf_make_room(struct buf *b, size_t n);

/* Room for n more bytes at the end; returns where they go, valid until the next call. The caller
 * writes up to n and adds what it wrote to `end`. (Answers are put together from pieces of a few
 * bytes: what has room is done in place.) */
static inline char *buf_reserve(struct buf *b, size_t n)
{
    return b->cap - b->end > n ? b->at + b->end : buf_make_room(b, n);
}

static inline void buf_append(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_reserve(b, n), bytes, n);
    b->end += n;
}

static inline void buf_append_slice(struct buf *b, struct slice s)
{
    buf_append(b, s.at, s.n);
}

/* Drops n bytes from the front (n <= size). An emptied buffer over 4 KiB gives its memory back. */
void buf_consume(struct buf *b, size_t n);

#endif
