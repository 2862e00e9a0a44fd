#include "base/buf.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#define KEEP_MAX ((size_t)4 * 1024) /* bytes that an empty one may keep: there are thousands */

void buf_finish(struct buf *b)
{
    free(b->at);
    *b = (struct buf){0};
}

char *buf_make_room(struct buf *b, size_t n)
{
    size_t size = buf_size(b);

    if (b->at != NULL && b->cap - b->end == n)
        return b->at + b->end;
    if (b->at != NULL && b->cap - size >= n && b->start >= size) {
        memmove(b->at, b->at + b->start, size);
    } else {
        size_t cap = b->cap < 256 ? 256 : b->cap;
        char *grown;
        while (cap - size < n)
            cap *= 2;
        grown = memory_alloc(cap);
        if (size > 0)
            memcpy(grown, buf_data(b), size);
        free(b->at);
        b->at = grown;
        b->cap = cap;
    }
    b->start = 0;
    b->end = size;
    return b->at + b->end;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= buf_size(b));
    b->start += n;
    if (b->start < b->end)
        return;
    b->start = b->end = 0;
    if (b->cap > KEEP_MAX)
        buf_finish(b);
}
