#include "unit.h"

#include <stdio.h>

#include "asking.h"
#include "base/buf.h"
#include "wire/parser.h"
#include "wire/reply.h"

static void a_map_names_two_segments_for_each_id(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': {'Project': [25, 47], 'Task': ['88']}}");
    assert_keys("Project/25 Project/47 Task/88");
}

static void an_array_names_paths_and_arrays_of_segments(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': ['Project/25/Task/88', 'Project', ['Project', 25], ['One']]}");
    assert_keys("Project/25/Task/88 Project Project/25 One");
}

static void text_may_be_str_or_bin(void **state)
{
    (void)state;
    assert_taken("submit", "{b'keys': [b'A/1', [b'B', 2]], 'shared': {b'C': [b'3']}}");
    assert_keys("A/1 B/2 C/3*");
}

static void integers_are_decimal_strings(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': {'A': [0, 127, 128, 65536, 18446744073709551615, -1, -33, "
                           "-9223372036854775808]}}");
    assert_keys("A/0 A/127 A/128 A/65536 A/18446744073709551615 A/-1 A/-33 "
                "A/-9223372036854775808");
    assert_taken("submit", "{'keys': [[25, 'A', -7]]}");
    assert_keys("25/A/-7");
}

static void the_root_is_the_whole_namespace(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': ['/']}");
    assert_keys("(root)");
    assert_taken("submit", "{'shared': [[]]}");
    assert_keys("(root)*");
}

static void in_a_path_a_slash_and_a_percent_sign_are_escaped(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': ['a%2Fb/100%25', '%25', '%2F']}");
    assert_keys("a%2Fb/100%25 %25 %2F");
}

static void any_other_percent_sign_in_a_path_is_an_error(void **state)
{
    static const char *const paths[] = {"%",   "a%",  "%2",     "a%2/5", "%2f",
                                        "%26", "%20", "100%/b", "%%25"};
    char fields[64];

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        snprintf(fields, sizeof fields, "{'keys': ['%s']}", paths[i]);
        assert_error("submit", fields,
                     "bad_request: field 'keys' has a '%' that begins neither %2F nor %25");
    }
}

static void segments_and_ids_are_taken_literally(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': [['a/b', '100%', '%2F', '/']]}");
    assert_keys("a%2Fb/100%25/%252F/%2F");
    assert_taken("submit", "{'keys': {'a/b': ['c/d', '%'], '%25': [1]}}");
    assert_keys("a%2Fb/c%2Fd a%2Fb/%25 %2525/1");
}

/* The two forms of one key come out equal, byte for byte. */
static void each_form_of_a_key_is_the_same_path(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': ['A%2FB/25', ['A/B', 25], ['A/B', '25']], "
                           "'shared': {'A/B': [25, '25']}}");
    assert_keys("A%2FB/25 A%2FB/25 A%2FB/25 A%2FB/25* A%2FB/25*");
}

static void keys_and_shared_come_together_as_they_came(void **state)
{
    (void)state;
    assert_taken("submit", "{'shared': ['a', 'b'], 'keys': {'C': [1]}}");
    assert_keys("a* b* C/1");
    assert_taken("submit", "{'keys': ['a', 'a'], 'shared': ['a']}");
    assert_keys("a a a*");
}

static void a_model_without_ids_adds_nothing(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': {'A': [], 'B': [1], 'C': []}}");
    assert_keys("B/1");
}

static void a_model_may_come_again(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': {'A': [1], 'A': [2]}}");
    assert_keys("A/1 A/2");
}

static void no_key_at_all_is_an_error(void **state)
{
    static const char *const fields[] = {
        "{}", "{'keys': []}", "{'keys': {}}", "{'shared': []}", "{'keys': {'A': []}, 'shared': {}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_error("submit", fields[i],
                     "bad_request: fields 'keys' and 'shared' name no key at all");
        assert_error("acquire", fields[i],
                     "bad_request: fields 'keys' and 'shared' name no key at all");
    }
    assert_error("submit", NULL, "bad_request: fields 'keys' and 'shared' name no key at all");
    assert_error("check", "{'keys': []}", "bad_request: field 'keys' names no key at all");
    assert_error("check", "{'keys': {'A': []}}", "bad_request: field 'keys' names no key at all");
    assert_error("check", "{}", "bad_request: field 'keys' is missing");
}

static void an_empty_segment_is_an_error_that_names_the_field(void **state)
{
    static const char *const keys[] = {
        "['']",        "['/a']",      "['a/']",       "['a//b']",       "['//']",
        "[['']]",      "[['a', '']]", "{'': [1]}",    "{'a': ['']}",    "{'': []}",
        "['a/b/c//']", "[b'']",       "['good', '']", "[['', 'a', 1]]",
    };
    char fields[64];

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        snprintf(fields, sizeof fields, "{'shared': %s}", keys[i]);
        assert_error("submit", fields,
                     "bad_request: field 'shared' has a key with an empty segment");
    }
}

static void keys_of_the_wrong_type_are_errors(void **state)
{
    (void)state;
    assert_error("submit", "{'keys': 'A'}",
                 "bad_request: field 'keys' must be a map of models to ids or an array of keys");
    assert_error("submit", "{'shared': nil}",
                 "bad_request: field 'shared' must be a map of models to ids or an array of keys");
    assert_error("check", "{'keys': 5}",
                 "bad_request: field 'keys' must be a map of models to ids or an array of keys");
    assert_error("submit", "{'keys': ['Project', 25]}",
                 "bad_request: field 'keys' has a key that is neither a path nor an array of "
                 "segments");
    assert_error("submit", "{'keys': [{'A': [1]}]}",
                 "bad_request: field 'keys' has a key that is neither a path nor an array of "
                 "segments");
    assert_error("submit", "{'keys': {'A': 1}}",
                 "bad_request: field 'keys' has a model whose ids are not an array");
    assert_error("submit", "{'keys': {'A': {'B': 1}}}",
                 "bad_request: field 'keys' has a model whose ids are not an array");
    assert_error("submit", "{'keys': {7: [1]}}",
                 "bad_request: field 'keys' has a model that is not text");
}

static void an_id_is_text_or_an_integer(void **state)
{
    static const char *const ids[] = {"1.0", "true", "nil", "[1]", "{}", "ext'a'"};
    char fields[64];

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        snprintf(fields, sizeof fields, "{'keys': {'A': [%s]}}", ids[i]);
        assert_error("submit", fields,
                     "bad_request: field 'keys' has an id that is neither text nor an integer");
        snprintf(fields, sizeof fields, "{'keys': [['A', %s]]}", ids[i]);
        assert_error("submit", fields,
                     "bad_request: field 'keys' has an id that is neither text nor an integer");
    }
}

static void keys_are_utf8(void **state)
{
    static const char *const keys[] = {
        "['a\\xff']",
        "['\\xc3']",
        "[['a', '\\xed\\xa0\\x80']]",
        "{'\\xff': [1]}",
        "{'a': [b'\\xc0\\x80']}",
        /* Two halves do not make a character over the border of a segment. */
        "['\\xc3/\\xa4']",
    };
    char fields[64];

    (void)state;
    assert_taken("submit", "{'keys': ['\\xc3\\xa4/\\xe2\\x82\\xac'], 'shared': "
                           "{'\\xf0\\x9f\\x94\\x92': ['\\xc3\\xa4']}}");
    assert_keys("\xc3\xa4/\xe2\x82\xac \xf0\x9f\x94\x92/\xc3\xa4*");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        snprintf(fields, sizeof fields, "{'keys': %s}", keys[i]);
        assert_error("submit", fields, "bad_request: field 'keys' has a key that is not UTF-8");
    }
}

static void one_key_is_a_path_or_an_array_of_segments(void **state)
{
    (void)state;
    assert_taken("list", "{'key': 'A/1'}");
    assert_slice(asked.key, "A/1");
    assert_taken("list", "{'key': ['A/B', 1]}");
    assert_slice(asked.key, "A%2FB/1");
    assert_taken("list", "{'key': '/'}");
    assert_slice(asked.key, "");
    assert_true(request_has(&asked, FIELD_KEY));
    assert_taken("status", "{'op': 'a', 'after_key': []}");
    assert_slice(asked.after_key, "");
    assert_true(request_has(&asked, FIELD_AFTER_KEY));
    assert_taken("status", "{'op': 'a', 'after_key': b'A'}");
    assert_slice(asked.after_key, "A");
    assert_error("list", "{'key': 25}",
                 "bad_request: field 'key' has a key that is neither a path nor an array of "
                 "segments");
    assert_error("list", "{'key': {'A': [1]}}",
                 "bad_request: field 'key' has a key that is neither a path nor an array of "
                 "segments");
    assert_error("list", "{'key': ''}", "bad_request: field 'key' has a key with an empty segment");
    assert_error("status", "{'op': 'a', 'after_key': 'A//B'}",
                 "bad_request: field 'after_key' has a key with an empty segment");
}

/* Paths that need no writing cost nothing: they point into the frame. The written ones stay where
 * they are while more are written. */
static void thousands_of_written_keys_keep_their_text(void **state)
{
    struct buf fields = {0};

    (void)state;
    buf_append_slice(&fields, SLICE("{'keys': {'A model with a name': ["));
    for (int i = 0; i < 20000; i++) {
        char id[16];
        int n = snprintf(id, sizeof id, "%s%d", i == 0 ? "" : ",", i);
        buf_append(&fields, id, (size_t)n);
    }
    buf_append(&fields, "]}}", sizeof "]}}");
    for (int round = 0; round < 2; round++) {
        assert_taken("submit", buf_data(&fields));
        assert_int_equal(asked.n_keys, 20000);
        for (int i = 0; i < 20000; i++) {
            char path[40];
            snprintf(path, sizeof path, "A model with a name/%d", i);
            assert_slice(asked.keys[i].path, path);
        }
    }
    buf_finish(&fields);
}

static enum request_kind parse_ids(struct parser *parser, uint32_t n_ids)
{
    struct request request;
    struct request_result result;
    struct buf b = {0};

    put_array(&b, 4);
    put_uint(&b, 0);
    put_uint(&b, 1);
    put_name(&b, "submit");
    put_array(&b, 1);
    put_map(&b, 1);
    put_name(&b, "shared");
    put_map(&b, 1);
    put_name(&b, "Task");
    put_array(&b, n_ids);
    for (uint32_t i = 0; i < n_ids; i++)
        put_uint(&b, i);
    request_parse(parser, (struct slice){buf_data(&b), (uint32_t)buf_size(&b)}, &request, &result);
    buf_finish(&b);
    if (result.kind == REQUEST_OK)
        assert_int_equal(request.n_keys, n_ids);
    else
        assert_string_equal(result.sentence, "field 'shared' is over the limit 'keys' of 100000");
    return result.kind;
}

static void memory_is_given_back_after_a_very_large_request(void **state)
{
    struct parser *parser = parser_create(&asking_limits);

    (void)state;
    assert_int_equal(parse_ids(parser, 100000), REQUEST_OK);
    assert_true(parser->cap_keys >= 100000);
    assert_int_equal(parse_ids(parser, 1), REQUEST_OK);
    assert_true(parser->cap_keys < 100);
    assert_int_equal(parse_ids(parser, 100001), REQUEST_ERROR);
    assert_int_equal(parse_ids(parser, 1000), REQUEST_OK);
    assert_int_equal(parse_ids(parser, 1), REQUEST_OK);
    assert_true(parser->cap_keys >= 1000); /* a usual one keeps it */
    parser_destroy(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_names_two_segments_for_each_id),
        cmocka_unit_test(an_array_names_paths_and_arrays_of_segments),
        cmocka_unit_test(text_may_be_str_or_bin),
        cmocka_unit_test(integers_are_decimal_strings),
        cmocka_unit_test(the_root_is_the_whole_namespace),
        cmocka_unit_test(in_a_path_a_slash_and_a_percent_sign_are_escaped),
        cmocka_unit_test(any_other_percent_sign_in_a_path_is_an_error),
        cmocka_unit_test(segments_and_ids_are_taken_literally),
        cmocka_unit_test(each_form_of_a_key_is_the_same_path),
        cmocka_unit_test(keys_and_shared_come_together_as_they_came),
        cmocka_unit_test(a_model_without_ids_adds_nothing),
        cmocka_unit_test(a_model_may_come_again),
        cmocka_unit_test(no_key_at_all_is_an_error),
        cmocka_unit_test(an_empty_segment_is_an_error_that_names_the_field),
        cmocka_unit_test(keys_of_the_wrong_type_are_errors),
        cmocka_unit_test(an_id_is_text_or_an_integer),
        cmocka_unit_test(keys_are_utf8),
        cmocka_unit_test(one_key_is_a_path_or_an_array_of_segments),
        cmocka_unit_test(thousands_of_written_keys_keep_their_text),
        cmocka_unit_test(memory_is_given_back_after_a_very_large_request),
    };
    return cmocka_run_group_tests(tests, asking_group_start, asking_group_stop);
}
