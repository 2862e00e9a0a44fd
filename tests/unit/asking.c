#include "asking.h"

#include <stdio.h>
#include <stdlib.h>

#include "notation.h"
#include "unit.h"
#include "wire/cursor.h"
#include "wire/scan.h"

const struct wire_limits asking_limits = {
    .path = 1024,
    .segments = 16,
    .keys = 100000,
    .key_text = 8388608,
    .keys_per_check = 10000,
    .payload = 65536,
    .meta = 4096,
    .text = 255,
    .lease_min = 100,
    .lease_max = 604800000,
    .grace_max = 3600000,
};

struct request asked;

static struct parser *parser;
static struct buf frame;
static struct request_result result;

static void stop(void)
{
    parser_destroy(parser);
    parser = NULL;
    buf_finish(&frame);
}

void asking_start(const struct wire_limits *limits)
{
    stop();
    parser = parser_create(limits);
}

int asking_group_start(void **state)
{
    (void)state;
    asking_start(&asking_limits);
    return 0;
}

int asking_group_stop(void **state)
{
    (void)state;
    stop();
    return 0;
}

const struct request_result *ask_frame(const char *notation)
{
    struct scanner scanner = {.bytes_max = 8 << 20, .depth_max = 8};
    size_t n_frame;

    buf_consume(&frame, buf_size(&frame));
    notation_pack(&frame, notation);
    assert_int_equal(scan(&scanner, buf_data(&frame), buf_size(&frame), &n_frame), SCAN_FRAME);
    request_parse(parser, (struct slice){buf_data(&frame), (uint32_t)n_frame}, &asked, &result);
    return &result;
}

const struct request_result *ask(const char *method, const char *fields)
{
    size_t n = strlen(method) + (fields == NULL ? 0 : strlen(fields)) + 32;
    char *notation = malloc(n);

    assert_non_null(notation);
    snprintf(notation, n, "[0, 7, '%s', [%s]]", method, fields == NULL ? "" : fields);
    ask_frame(notation);
    free(notation);
    return &result;
}

void assert_taken(const char *method, const char *fields)
{
    ask(method, fields);
    if (result.kind != REQUEST_OK)
        fail_msg("%s %s: %s: %s", method, fields, wire_status_names[result.status],
                 result.sentence);
    assert_int_equal(asked.id, 7);
    assert_string_equal(wire_method_names[asked.method], method);
}

void assert_error(const char *method, const char *fields, const char *expected)
{
    char got[WIRE_SENTENCE_MAX + 32];

    ask(method, fields);
    assert_int_equal(result.kind, REQUEST_ERROR);
    assert_int_equal(asked.id, 7);
    snprintf(got, sizeof got, "%s: %s", wire_status_names[result.status], result.sentence);
    assert_string_equal(got, expected);
    assert_true(text_is_utf8(slice_of(got)));
}

void assert_keys(const char *expected)
{
    struct buf got = {0};

    for (uint32_t i = 0; i < asked.n_keys; i++) {
        const struct wire_key *key = &asked.keys[i];
        if (i > 0)
            buf_append(&got, " ", 1);
        buf_append_slice(&got, key->path.n == 0 ? SLICE("(root)") : key->path);
        buf_append(&got, "*", key->shared);
    }
    buf_append(&got, "", 1);
    assert_string_equal(buf_data(&got), expected);
    buf_finish(&got);
}

void assert_slice(struct slice slice, const char *expected)
{
    assert_non_null(slice.at);
    assert_int_equal(slice.n, strlen(expected));
    assert_memory_equal(slice.at, expected, slice.n);
}
