/*
 * The scanner counts what is still promised: one element at the start, and with each container as
 * many as it announces. A message ends when nothing is promised any more. An element takes at
 * least one byte, so `offset + promised` is a lower bound of the message's size, and the first
 * header that lifts it over the limit is the one that is refused.
 */
#include "wire/scan.h"

#include <assert.h>

#include "wire/format.h"

static enum scan_result open_container(struct scanner *scanner, uint64_t elements)
{
    if (scanner->depth >= scanner->depth_max)
        return SCAN_TOO_DEEP;
    scanner->left[scanner->depth++] = elements;
    scanner->promised += elements;
    return SCAN_MORE;
}

/* Closes the containers that are complete. Each was counted in its parent when it was opened, so
 * closing it takes nothing off there. */
static void close_complete(struct scanner *scanner)
{
    while (scanner->depth > 0 && scanner->left[scanner->depth - 1] == 0)
        scanner->depth--;
}

/* Understands the element whose head is at `at`, whole; SCAN_MORE: go on. `offset` then stands
 * behind the element, or behind the head of a container; perhaps behind bytes to come. */
static enum scan_result take(struct scanner *scanner, struct format format, const char *at)
{
    enum scan_result result = SCAN_MORE;

    if (scanner->depth > 0)
        scanner->left[scanner->depth - 1]--;
    scanner->promised--;
    scanner->offset += format.head;
    switch (format.kind) {
    case FORMAT_SCALAR:
        scanner->offset += format.fixed;
        break;
    case FORMAT_TEXT:
        scanner->offset += format_length(format, at);
        break;
    case FORMAT_EXT:
        scanner->offset += (size_t)format_length(format, at) + 1;
        break;
    case FORMAT_ARRAY:
        result = open_container(scanner, format_length(format, at));
        break;
    case FORMAT_MAP:
        result = open_container(scanner, 2 * (uint64_t)format_length(format, at));
        break;
    default:
        return SCAN_BROKEN;
    }
    close_complete(scanner);
    return scanner->offset + scanner->promised > scanner->bytes_max ? SCAN_TOO_BIG : result;
}

enum scan_result scan(struct scanner *scanner, const char *bytes, size_t n, size_t *n_frame)
{
    assert(scanner->depth_max >= 1 && scanner->depth_max <= SCAN_DEPTH_LIMIT);
    if (scanner->offset == 0)
        scanner->promised = 1;
    while (scanner->promised > 0) {
        struct format format;
        enum scan_result result;

        if (scanner->offset >= n)
            return SCAN_MORE;
        format = formats[(unsigned char)bytes[scanner->offset]];
        if (n - scanner->offset < format.head)
            return SCAN_MORE;
        result = take(scanner, format, bytes + scanner->offset);
        if (result != SCAN_MORE)
            return result;
    }
    if (scanner->offset > n)
        return SCAN_MORE;
    *n_frame = scanner->offset;
    scanner->offset = 0;
    return SCAN_FRAME;
}
