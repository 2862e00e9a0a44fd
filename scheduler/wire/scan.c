/*
 * The scanner counts what is still promised: one element at the start, and with each container as
 * many as it announces. A message ends when nothing is promised any more. An element takes at
 * least one byte, so `offset + promised` is a lower bound of the message's size, and the first
 * header that lifts it over the limit is the one that is refused.
 */
#include "wire/scan.h"

#include <assert.h>

#include "wire/format.h"

/* An element was taken; closes the containers that are complete with it. Each was counted in its
 * parent when it was opened, so closing it takes nothing off there. */
static inline enum scan_result count_element(struct scanner *scanner)
{
    scanner->promised--;
    if (scanner->depth > 0 && --scanner->left[scanner->depth - 1] == 0)
        do
            scanner->depth--;
        while (scanner->depth > 0 && scanner->left[scanner->depth - 1] == 0);
    return scanner->offset + scanner->promised > scanner->bytes_max ? SCAN_TOO_BIG : SCAN_MORE;
}

static enum scan_result open_container(struct scanner *scanner, uint64_t elements)
{
    if (scanner->depth >= scanner->depth_max)
        return SCAN_TOO_DEEP;
    if (elements > 0) {
        if (scanner->depth > 0)
            scanner->left[scanner->depth - 1]--;
        scanner->left[scanner->depth++] = elements + 1; /* itself is counted off below */
        scanner->promised += elements;
    }
    return count_element(scanner);
}

/* Understands the element whose head is at `at`, whole; SCAN_MORE: go on. `offset` then stands
 * behind the element, or behind the head of a container; perhaps behind bytes to come. */
static enum scan_result take(struct scanner *scanner, struct format format, const char *at)
{
    scanner->offset += format.head;
    switch (format.kind) {
    case FORMAT_SCALAR:
        scanner->offset += format.fixed;
        return count_element(scanner);
    case FORMAT_TEXT:
        scanner->offset += format_length(format, at);
        return count_element(scanner);
    case FORMAT_EXT:
        scanner->offset += (size_t)format_length(format, at) + 1;
        return count_element(scanner);
    case FORMAT_ARRAY:
        return open_container(scanner, format_length(format, at));
    case FORMAT_MAP:
        return open_container(scanner, 2 * (uint64_t)format_length(format, at));
    default:
        return SCAN_BROKEN;
    }
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
