/*
 * Requests that were damaged at random: what the scanner lets pass is read without harm, and the
 * judge agrees with what comes of it.
 */
#include "unit.h"

#include <stdlib.h>

#include "judge.h"
#include "notation.h"
#include "wire/scan.h"

#define ROUNDS 200000

static const char *const frames[] = {
    ("[0, 1, 'hello', [{'protocol': 1, 'client': 'c', 'namespace': 'n', 'grace': 5, 'resume': "
     "{'session': 7, 'secret': 's'}}]]"),
    ("[0, 2, 'submit', [{'keys': {'Project': [25, -4], 'Task': ['a/b']}, 'op': 'x', 'wait': 5, "
     "'lease': 1000, 'claim_in': 9, 'who': 'w', 'why': 'y', 'meta': [1, {}], 'payload': nil}]]"),
    "[0, 3, 'acquire', [{'keys': ['a/b%2Fc', ['d', 'e%'], []], 'shared': ['/']}]]",
    "[0, 4, 'wait', [{'op': 'x', 'timeout': 0}]]",
    "[0, 5, 'renew', [{'op': 'x', 'token': 300, 'lease': 0, 'progress': 'p\\xc3\\xa4'}]]",
    "[0, 6, 'release', [{'op': '12', 'token': 0, 'outcome': 'done'}]]",
    "[0, 7, 'check', [{'keys': {'A': [1, 2, 3, 4]}}]]",
    "[0, 8, 'status', [{'op': 'x', 'after_key': ['a', 1]}]]",
    ("[0, 9, 'list', [{'state': ['waiting', 'ended'], 'who': 'w', 'key': 'a/b', 'mine': true, "
     "'claimed': false, 'after': 5, 'limit': 10}]]"),
    ("[0, 10, 'submit', [{'keys': ['a'], 'parent': 'p', 'parent_token': 7, 'unchanged_since': 9, "
     "'on_change': 'tell', 'max_hold': 10000, 'pass': true, 'wait': false}]]"),
    "[0, 11, 'extend', [{'op': 'x', 'token': 300, 'keys': ['a'], 'shared': {'A': [1, 'b']}}]]",
    "[0, 12, 'release', [{'op': 'x', 'token': 3, 'keys': ['a', ['b']], 'unchanged': true}]]",
    "[0, 13, 'check', [{'keys': ['a'], 'since': 12}]]",
    "[0, 14, 'claim', [{'op': 'x', 'tie': true}]]",
    "[0, 15, 'explain', [{'op': 'x'}]]",
    "[0, 16, 'plan', [{'keys': ['a'], 'lease': 100, 'pass': false}]]",
    "[0, 17, 'subscribe', [{'grants': true, 'ends': false, 'contended': true}]]",
    "[0, 18, 'kill', [{'op': 'x', 'why': 'y'}]]",
    "[0, 19, 'drain', [{'on': true}]]",
    "[0, 20, 'verify', [{'op': 'x', 'token': 1}]]",
    "[0, 21, 'unsubscribe', []]",
    "[2, 'note', [1]]",
};

/* Low ones, so that they are met. */
static const struct wire_limits limits = {
    .path = 10,
    .segments = 3,
    .keys = 5,
    .key_text = 30,
    .keys_per_check = 4,
    .payload = 8,
    .meta = 8,
    .text = 6,
    .lease_min = 100,
    .lease_max = 70000,
    .grace_max = 40000,
};

/* Bytes are changed, doubled and dropped. */
static void damage(struct buf *b, uint64_t *seed)
{
    for (uint64_t times = 1 + unit_random(seed) % 3; times > 0 && buf_size(b) > 1; times--) {
        size_t at = unit_random(seed) % buf_size(b), n;
        char *bytes = buf_data(b);

        switch (unit_random(seed) % 4) {
        case 0:
            bytes[at] = (char)unit_random(seed);
            break;
        case 1:
            bytes[at] = (char)(bytes[at] + (unit_random(seed) % 2 == 0 ? 1 : -1));
            break;
        case 2:
            n = 1 + unit_random(seed) % (buf_size(b) - at);
            buf_reserve(b, n);
            memmove(buf_data(b) + at + n, buf_data(b) + at, buf_size(b) - at);
            b->end += n;
            break;
        default:
            memmove(bytes + at, bytes + at + 1, buf_size(b) - at - 1);
            b->end--;
        }
    }
}

/* In memory of just its size, so that a sanitizer sees one byte too far. */
static enum request_kind read_and_judge(struct parser *parser, const struct buf *b, size_t n)
{
    struct request request;
    struct request_result result;
    char *frame = malloc(n);

    assert_non_null(frame);
    memcpy(frame, buf_data(b), n);
    request_parse(parser, (struct slice){frame, (uint32_t)n}, &request, &result);
    judge_request(&request, &result, &limits);
    free(frame);
    return result.kind;
}

static void damaged_requests_do_no_harm(void **state)
{
    struct parser *parser = parser_create(&limits);
    uint64_t seed = 5;
    int seen[REQUEST_NOTIFICATION + 1] = {0};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct scanner scanner = {.bytes_max = 1000, .depth_max = 8};
        struct buf b = {0};
        size_t n_frame;

        notation_pack(&b, frames[unit_random(&seed) % (sizeof frames / sizeof frames[0])]);
        damage(&b, &seed);
        if (scan(&scanner, buf_data(&b), buf_size(&b), &n_frame) == SCAN_FRAME)
            seen[read_and_judge(parser, &b, n_frame)]++;
        buf_finish(&b);
    }
    /* The damage is such that everything happens often. */
    for (int kind = 0; kind <= REQUEST_NOTIFICATION; kind++)
        assert_true(seen[kind] > 100);
    parser_destroy(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_requests_do_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
