/*
 * Any bytes: a message that the scanner passes is read without harm, and the judge agrees with
 * what comes of it. A second reading with a parser that has read much before gives the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "wire/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Low ones, so that they are met. */
static const struct wire_limits limits = {
    .path = 32,
    .segments = 4,
    .keys = 20,
    .key_text = 200,
    .keys_per_check = 10,
    .payload = 32,
    .meta = 16,
    .text = 12,
    .lease_min = 100,
    .lease_max = 70000,
    .grace_max = 40000,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct parser *used;
    struct scanner scanner = {.bytes_max = 4096, .depth_max = 8};
    struct request request, again;
    struct request_result result, result_again;
    struct parser *parser;
    size_t n_frame;
    char *frame;

    if (scan(&scanner, (const char *)bytes, n, &n_frame) != SCAN_FRAME)
        return 0;
    if (used == NULL)
        used = parser_create(&limits);
    parser = parser_create(&limits);
    frame = malloc(n_frame);
    if (frame == NULL)
        abort();
    memcpy(frame, bytes, n_frame);
    request_parse(parser, (struct slice){frame, (uint32_t)n_frame}, &request, &result);
    judge_request(&request, &result, &limits);
    request_parse(used, (struct slice){frame, (uint32_t)n_frame}, &again, &result_again);
    if (result.kind != result_again.kind || strcmp(result.sentence, result_again.sentence) != 0 ||
        request.n_keys != again.n_keys)
        abort();
    for (uint32_t i = 0; i < request.n_keys; i++)
        if (!slice_equal(request.keys[i].path, again.keys[i].path))
            abort();
    free(frame);
    parser_destroy(parser);
    return 0;
}
