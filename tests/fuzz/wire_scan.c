/*
 * Any bytes: the scanner gives the same answer at once and in pieces, never reads what is not
 * there, and what it calls a message is one for msgpack-c too, of the same length.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

#include "wire/cursor.h"
#include "wire/scan.h"

#define BYTES_MAX 4096
#define DEPTH_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(int holds)
{
    if (!holds)
        abort();
}

/* In memory of just the size that is there, moved at each step. The first byte is the step. */
static enum scan_result scan_in_pieces(const char *bytes, size_t n, size_t step, size_t *n_frame)
{
    struct scanner scanner = {.bytes_max = BYTES_MAX, .depth_max = DEPTH_MAX};
    enum scan_result result = SCAN_MORE;

    for (size_t part = 0; result == SCAN_MORE && part < n;) {
        char *piece;
        part = n - part > step ? part + step : n;
        piece = malloc(part);
        must(piece != NULL);
        memcpy(piece, bytes, part);
        result = scan(&scanner, piece, part, n_frame);
        free(piece);
    }
    return result;
}

static void agree_with_msgpack_c(const char *bytes, size_t n_frame)
{
    struct cursor cursor = {bytes, bytes + n_frame};
    msgpack_unpacked unpacked;
    size_t offset = 0;

    msgpack_unpacked_init(&unpacked);
    must(msgpack_unpack_next(&unpacked, bytes, n_frame, &offset) == MSGPACK_UNPACK_SUCCESS);
    must(offset == n_frame);
    msgpack_unpacked_destroy(&unpacked);
    must(cursor_skip(&cursor, NULL) && cursor.at == cursor.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
    struct scanner scanner = {.bytes_max = BYTES_MAX, .depth_max = DEPTH_MAX};
    const char *bytes = (const char *)input + 1;
    size_t n_frame = 0, n_pieces = 0;
    enum scan_result result;

    if (n < 2)
        return 0;
    result = scan(&scanner, bytes, n - 1, &n_frame);
    must(scan_in_pieces(bytes, n - 1, 1 + input[0] % 16, &n_pieces) == result);
    must(n_frame == n_pieces && n_frame <= BYTES_MAX);
    if (result == SCAN_FRAME)
        agree_with_msgpack_c(bytes, n_frame);
    return 0;
}
