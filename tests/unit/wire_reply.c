#include "unit.h"

#include <stdio.h>

#include "notation.h"
#include "wire/reply.h"
#include "wire/request.h"

static void assert_says(struct buf *b, const char *expected)
{
    struct buf text = {0};

    notation_unpack(&text, (struct slice){buf_data(b), (uint32_t)buf_size(b)});
    buf_append(&text, "", 1);
    assert_string_equal(buf_data(&text), expected);
    buf_finish(&text);
    buf_finish(b);
}

static void a_reply_is_the_id_no_error_and_the_result(void **state)
{
    struct buf b = {0};

    (void)state;
    reply_begin(&b, 4294967294u);
    put_map(&b, 5);
    put_name(&b, "seq");
    put_uint(&b, UINT64_MAX);
    put_name(&b, "held");
    put_bool(&b, true);
    put_name(&b, "op");
    put_text(&b, SLICE("a\0b"));
    put_name(&b, "why");
    put_nil(&b);
    put_name(&b, "list");
    put_array(&b, 3);
    put_bool(&b, false);
    put_text(&b, (struct slice){NULL, 0});
    put_raw(&b, SLICE("\x92\x01\x02"));
    assert_says(&b, "[1, 4294967294, nil, {'seq': 18446744073709551615, 'held': true, "
                    "'op': 'a\\x00b', 'why': nil, 'list': [false, '', [1, 2]]}]");
}

static void an_error_is_code_and_sentence_and_no_result(void **state)
{
    struct buf b = {0};

    (void)state;
    reply_error(&b, 4294967295u, LOCKQ_PARSE, "broken MessagePack");
    assert_says(&b, "[1, 4294967295, 'parse: broken MessagePack', nil]");
    reply_error(&b, 0, LOCKQ_BAD_REQUEST, "");
    assert_says(&b, "[1, 0, 'bad_request: ', nil]");
}

static void a_notification_has_one_value(void **state)
{
    struct buf b = {0};

    (void)state;
    notification_begin(&b, "granted");
    put_map(&b, 0);
    assert_says(&b, "[2, 'granted', [{}]]");
}

static void texts_of_every_length_are_str(void **state)
{
    static char text[65536];

    (void)state;
    memset(text, 'a', sizeof text);
    for (uint32_t n = 65; n <= sizeof text; n = n < 300 ? n + 1 : n * 3) {
        struct buf b = {0};
        char expected[32];
        snprintf(expected, sizeof expected, "'a'*%u", n);
        put_text(&b, (struct slice){text, n});
        assert_says(&b, expected);
    }
}

/* The map stands behind other content, grows while other maps are open, and the buffer moves. */
static void an_open_map_is_counted_at_its_end(void **state)
{
    struct buf b = {0};
    struct put_open_map outer, inner;

    (void)state;
    put_array(&b, 2);
    put_uint(&b, 7);
    outer = put_map_begin(&b);
    for (; outer.pairs < 3; outer.pairs++) {
        put_uint(&b, outer.pairs);
        inner = put_map_begin(&b);
        put_name(&b, "text");
        put_name(&b, "a text that is long enough to make the buffer grow, and so to move it");
        inner.pairs++;
        put_map_end(&b, &inner);
    }
    put_map_end(&b, &outer);
    assert_says(&b, "[7, {0: {'text': 'a'*69}, 1: {'text': 'a'*69}, 2: {'text': 'a'*69}}]");
}

static void an_open_map_may_have_more_pairs_than_two_bytes_count(void **state)
{
    struct buf b = {0}, text = {0};
    struct put_open_map map = put_map_begin(&b);

    (void)state;
    for (; map.pairs < 70000; map.pairs++) {
        put_uint(&b, map.pairs);
        put_nil(&b);
    }
    put_map_end(&b, &map);
    notation_unpack(&text, (struct slice){buf_data(&b), (uint32_t)buf_size(&b)});
    assert_memory_equal(buf_data(&text) + buf_size(&text) - 12, " 69999: nil}", 12);
    buf_finish(&text);
    buf_finish(&b);
}

static void every_code_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (int status = 0; status <= LOCKQ_PARSE; status++) {
        assert_non_null(wire_status_names[status]);
        assert_non_null(wire_status_sentences[status]);
    }
    assert_string_equal(wire_status_names[LOCKQ_BAD_REQUEST], "bad_request");
    assert_string_equal(wire_status_names[LOCKQ_WRONG_TOKEN], "wrong_token");
    assert_string_equal(wire_method_names[METHOD_ACQUIRE], "acquire");
    assert_string_equal(wire_field_names[FIELD_AFTER_KEY], "after_key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_the_id_no_error_and_the_result),
        cmocka_unit_test(an_error_is_code_and_sentence_and_no_result),
        cmocka_unit_test(a_notification_has_one_value),
        cmocka_unit_test(texts_of_every_length_are_str),
        cmocka_unit_test(an_open_map_is_counted_at_its_end),
        cmocka_unit_test(an_open_map_may_have_more_pairs_than_two_bytes_count),
        cmocka_unit_test(every_code_has_a_name_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
