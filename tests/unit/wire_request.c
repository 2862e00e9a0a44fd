/*
 * The outer shape of requests, their methods, and how names are shown.
 */
#include "unit.h"

#include <stdio.h>

#include "asking.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- the outer shape -------------------------------------------------------------------------- */

static void a_request_is_0_id_method_and_params(void **state)
{
    (void)state;
    assert_int_equal(ask_frame("[0, 0, 'ping', []]")->kind, REQUEST_OK);
    assert_int_equal(asked.method, METHOD_PING);
    assert_true(asked.id == 0);
    assert_int_equal(ask_frame("[0, 4294967294, b'ping', [{}]]")->kind, REQUEST_OK);
    assert_int_equal(asked.method, METHOD_PING);
    assert_true(asked.id == 4294967294u);
}

static void another_outer_shape_is_broken(void **state)
{
    static const char *const frames[] = {
        "nil",
        "0",
        "'ping'",
        "{}",
        "[]",
        "[0]",
        "[0, 1]",
        "[0, 1, 'ping']",
        "[0, 1, 'ping', [], 5]",
        "['0', 1, 'ping', []]",
        "[0.0, 1, 'ping', []]",
        "[-1, 1, 'ping', []]",
        "{0: 1, 'ping': []}",
        "[0, 4294967295, 'ping', []]",
        "[0, 4294967296, 'ping', []]",
        "[0, -1, 'ping', []]",
        "[0, '1', 'ping', []]",
        "[0, nil, 'ping', []]",
        "[0, 1.0, 'ping', []]",
        "[0, 1, 5, []]",
        "[0, 1, nil, []]",
        "[0, 1, ['ping'], []]",
        "[0, 1, 'ping', nil]",
        "[0, 1, 'ping', {}]",
        "[0, 1, 'ping', 'x']",
        "[0, 1, 'ping', [1]]",
        "[0, 1, 'ping', [nil]]",
        "[0, 1, 'ping', [[]]]",
        "[0, 1, 'ping', [{}, {}]]",
        "[0, 1, 'no such method', 5]",
        "[1, 1, nil, nil]",
        "[1, 1, nil]",
        "[2, 'x', [], []]",
        "[2, 'x']",
        "[2, 5, []]",
        "[2, 'x', {}]",
        "[2, 'x', nil]",
        "[3, 1, 'ping', []]",
        "[3, 'x', []]",
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(frames); i++) {
        const struct request_result *result = ask_frame(frames[i]);
        if (result->kind != REQUEST_BROKEN)
            fail_msg("not broken: %s", frames[i]);
        assert_int_equal(result->status, LOCKQ_PARSE);
        assert_string_equal(result->sentence, "the message is not [0, id, method, [map]]");
    }
}

static void a_notification_from_a_client_is_one_whatever_its_params(void **state)
{
    (void)state;
    assert_int_equal(ask_frame("[2, 'ping', []]")->kind, REQUEST_NOTIFICATION);
    assert_int_equal(ask_frame("[2, 'nvim_error_event', [1, 'text']]")->kind, REQUEST_NOTIFICATION);
    assert_int_equal(ask_frame("[2, '\\xff', [nil]]")->kind, REQUEST_NOTIFICATION);
}

/* --- methods ---------------------------------------------------------------------------------- */

static void an_unknown_method_is_named(void **state)
{
    (void)state;
    assert_error("lock", NULL, "unknown_method: there is no method 'lock'");
    assert_error("", NULL, "unknown_method: there is no method ''");
    assert_error("Ping", "{'x': 1}", "unknown_method: there is no method 'Ping'");
}

static void names_are_shown_so_that_a_terminal_can_bear_them(void **state)
{
    (void)state;
    assert_error("a\\x00\\x1b[31m\\x7f\\x5c", NULL,
                 "unknown_method: there is no method 'a\\x00\\x1b[31m\\x7f\\x5c'");
    assert_error("\\xc2\\x85\\xc2\\xa0\\xc3\\xa4", NULL,
                 "unknown_method: there is no method '\\xc2\\x85\xc2\xa0\xc3\xa4'");
    assert_error("a\\xff\\xe2\\x82", NULL,
                 "bad_request: the method's name 'a\\xff\\xe2\\x82' is not UTF-8");
    assert_error("ping", "{'\\xff\\x0a': 1}", "bad_request: field '\\xff\\x0a' is unknown to ping");
}

static void long_names_are_cut_at_a_character(void **state)
{
    char name[4 * 65 + 8] = "", expected[512];

    (void)state;
    assert_error("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
                 "unknown_method: there is no method "
                 "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'");
    assert_error("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", NULL,
                 "unknown_method: there is no method "
                 "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'");
    /* 21 characters of three bytes are 63: the next one does not fit. */
    strcpy(expected, "unknown_method: there is no method '");
    for (int i = 0; i < 30; i++) {
        strcat(name, "\xe2\x82\xac");
        if (i < 21)
            strcat(expected, "\xe2\x82\xac");
    }
    strcat(expected, "...'");
    assert_error(name, NULL, expected);
}

static void an_error_leaves_nothing_for_the_next_request(void **state)
{
    (void)state;
    assert_error("submit", "{'keys': ['a', 'b', '']}",
                 "bad_request: field 'keys' has a key with an empty segment");
    assert_taken("submit", "{'shared': ['c']}");
    assert_keys("c*");
    assert_taken("ping", NULL);
    assert_true(asked.n_keys == 0 && asked.given == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_0_id_method_and_params),
        cmocka_unit_test(another_outer_shape_is_broken),
        cmocka_unit_test(a_notification_from_a_client_is_one_whatever_its_params),
        cmocka_unit_test(an_unknown_method_is_named),
        cmocka_unit_test(names_are_shown_so_that_a_terminal_can_bear_them),
        cmocka_unit_test(long_names_are_cut_at_a_character),
        cmocka_unit_test(an_error_leaves_nothing_for_the_next_request),
    };
    return cmocka_run_group_tests(tests, asking_group_start, asking_group_stop);
}
