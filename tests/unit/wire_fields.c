/*
 * Which fields each method takes, and what is said about the wrong ones.
 */
#include "unit.h"

#include <stdio.h>

#include "asking.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A value that each field takes, and those that are of a wrong type or value for it. */
static const struct field_case {
    enum wire_field field;
    const char *good;
    const char *expected; /* what is said of a wrong one */
    const char *wrong[8];
} field_cases[] = {
    {FIELD_PROTOCOL, "1", "must be a whole number, not negative", {"-1", "'1'", "1.0", "nil"}},
    {FIELD_CLIENT, "'a client'", "must be text", {"1", "nil", "['a']", "true"}},
    {FIELD_NAMESPACE, "'default'", "must be text", {"1", "nil", "{}"}},
    {FIELD_GRACE, "0", "must be milliseconds, a whole number, not negative", {"-1", "'5'", "1.5"}},
    {FIELD_RESUME,
     "{'session': 1, 'secret': 'x'}",
     "must be a map of 'session' and 'secret'",
     {"nil", "1", "'x'", "[1, 'x']"}},
    {FIELD_OP, "'an op'", "must be text", {"1", "nil", "['a']", "ext'a'"}},
    {FIELD_TOKEN, "1", "must be a whole number, not negative", {"-1", "'1'", "1.0", "nil"}},
    {FIELD_KEYS, "['a']", "must be a map of models to ids or an array of keys", {"'a'", "1"}},
    {FIELD_SHARED, "['a']", "must be a map of models to ids or an array of keys", {"'a'", "1"}},
    {FIELD_WAIT,
     "true",
     "must be true, false or milliseconds",
     {"-1", "'true'", "1.5", "nil", "[]", "-9223372036854775808"}},
    {FIELD_LEASE,
     "1000",
     "must be milliseconds, or 0 for until released",
     {"-1", "true", "1000.0"}},
    {FIELD_CLAIM_IN,
     "1000",
     "must be milliseconds, a whole number, not negative",
     {"-1", "true", "'1'"}},
    {FIELD_WHO, "'me'", "must be text", {"1", "nil", "{'a': 1}"}},
    {FIELD_WHY, "''", "must be text", {"1", "nil", "[]"}},
    {FIELD_META, "nil", NULL, {NULL}},
    {FIELD_PAYLOAD, "[1, {'a': 2}]", NULL, {NULL}},
    {FIELD_TIMEOUT, "0", "must be milliseconds, a whole number, not negative", {"-1", "false"}},
    {FIELD_PROGRESS, "'50 %'", "must be text", {"50", "nil"}},
    {FIELD_OUTCOME, "'done'", "must be text", {"true", "nil"}},
    {FIELD_AFTER_KEY, "'a'", "has a key that is neither a path nor an array of segments", {"1"}},
    {FIELD_STATE,
     "['waiting']",
     "must be an array of 'waiting', 'granted' and 'ended'",
     {"'waiting'", "nil", "[]", "['Waiting']", "['waiting', 1]", "['ended', 'x']", "{}", "[[]]"}},
    {FIELD_KEY, "'a'", "has a key that is neither a path nor an array of segments", {"1", "{}"}},
    {FIELD_MINE, "true", "must be true or false", {"1", "nil", "'true'"}},
    {FIELD_CLAIMED, "false", "must be true or false", {"0", "nil", "[]"}},
    {FIELD_AFTER, "0", "must be a whole number, not negative", {"-1", "'0'", "0.0", "nil"}},
    {FIELD_LIMIT, "1", "must be a whole number, not negative", {"-1", "'1'", "1.0", "nil"}},
    {FIELD_PARENT, "'a parent'", "must be text", {"1", "nil", "['a']"}},
    {FIELD_PARENT_TOKEN, "1", "must be a whole number, not negative", {"-1", "'1'", "1.0", "nil"}},
    {FIELD_UNCHANGED_SINCE,
     "0",
     "must be a whole number, not negative",
     {"-1", "'1'", "1.0", "nil"}},
    {FIELD_ON_CHANGE, "'tell'", "must be 'end' or 'tell'", {"1", "nil", "'ended'", "true"}},
    {FIELD_MAX_HOLD, "1", "must be milliseconds, a whole number, not negative", {"-1", "true"}},
    {FIELD_PASS, "false", "must be true or false", {"1", "nil", "'true'"}},
    {FIELD_TIE, "true", "must be true or false", {"1", "nil", "'true'"}},
    {FIELD_UNCHANGED, "true", "must be true or false", {"1", "nil", "'true'"}},
    {FIELD_SINCE, "0", "must be a whole number, not negative", {"-1", "'1'", "1.0", "nil"}},
    {FIELD_GRANTS, "true", "must be true or false", {"1", "nil"}},
    {FIELD_ENDS, "true", "must be true or false", {"1", "nil"}},
    {FIELD_CONTENDED, "true", "must be true or false", {"1", "nil"}},
    {FIELD_ON, "true", "must be true or false", {"1", "nil", "'on'"}},
};

/* Which fields each method takes, those that it needs first; as the contract has it. */
static const struct method_case {
    const char *method, *needs;
    enum wire_field fields[16];
    int n_fields;
} method_cases[] = {
    {"hello", "", {FIELD_PROTOCOL, FIELD_CLIENT, FIELD_NAMESPACE, FIELD_GRACE, FIELD_RESUME}, 5},
    {"submit",
     "",
     {FIELD_KEYS, FIELD_SHARED, FIELD_OP, FIELD_WAIT, FIELD_LEASE, FIELD_CLAIM_IN, FIELD_WHO,
      FIELD_WHY, FIELD_META, FIELD_PAYLOAD, FIELD_PARENT, FIELD_PARENT_TOKEN, FIELD_UNCHANGED_SINCE,
      FIELD_ON_CHANGE, FIELD_MAX_HOLD, FIELD_PASS},
     16},
    {"acquire",
     "",
     {FIELD_KEYS, FIELD_SHARED, FIELD_OP, FIELD_WAIT, FIELD_LEASE, FIELD_CLAIM_IN, FIELD_WHO,
      FIELD_WHY, FIELD_META, FIELD_PAYLOAD, FIELD_PARENT, FIELD_PARENT_TOKEN, FIELD_UNCHANGED_SINCE,
      FIELD_ON_CHANGE, FIELD_MAX_HOLD, FIELD_PASS},
     16},
    {"wait", "op", {FIELD_OP, FIELD_TIMEOUT}, 2},
    {"claim", "op", {FIELD_OP, FIELD_TIE}, 2},
    {"renew", "op token", {FIELD_OP, FIELD_TOKEN, FIELD_LEASE, FIELD_PROGRESS}, 4},
    {"extend", "op token", {FIELD_OP, FIELD_TOKEN, FIELD_KEYS, FIELD_SHARED}, 4},
    {"release", "op", {FIELD_OP, FIELD_TOKEN, FIELD_KEYS, FIELD_OUTCOME, FIELD_UNCHANGED}, 5},
    {"cancel", "op", {FIELD_OP, FIELD_WHY}, 2},
    {"verify", "op token", {FIELD_OP, FIELD_TOKEN}, 2},
    {"check", "keys", {FIELD_KEYS, FIELD_SINCE}, 2},
    {"status", "op", {FIELD_OP, FIELD_AFTER_KEY}, 2},
    {"list",
     "",
     {FIELD_STATE, FIELD_WHO, FIELD_KEY, FIELD_MINE, FIELD_CLAIMED, FIELD_AFTER, FIELD_LIMIT},
     7},
    {"explain", "op", {FIELD_OP}, 1},
    {"plan",
     "",
     {FIELD_KEYS, FIELD_SHARED, FIELD_OP, FIELD_WAIT, FIELD_LEASE, FIELD_CLAIM_IN, FIELD_WHO,
      FIELD_WHY, FIELD_META, FIELD_PAYLOAD, FIELD_PARENT, FIELD_PARENT_TOKEN, FIELD_UNCHANGED_SINCE,
      FIELD_ON_CHANGE, FIELD_MAX_HOLD, FIELD_PASS},
     16},
    {"subscribe", "", {FIELD_GRANTS, FIELD_ENDS, FIELD_CONTENDED}, 3},
    {"unsubscribe", "", {0}, 0},
    {"kill", "op why", {FIELD_OP, FIELD_WHY}, 2},
    {"drain", "on", {FIELD_ON}, 1},
    {"stats", "", {0}, 0},
    {"ping", "", {0}, 0},
};

static const struct field_case *field_case(enum wire_field field)
{
    assert_int_equal(field_cases[field].field, field);
    return &field_cases[field];
}

static bool takes(const struct method_case *method, enum wire_field field)
{
    for (int i = 0; i < method->n_fields; i++)
        if (method->fields[i] == field)
            return true;
    return false;
}

/* All its fields with good values, `twice` one more time (FIELD_COUNT: none), but not `left_out`.
 */
static const char *all_fields(const struct method_case *method, enum wire_field left_out,
                              enum wire_field twice)
{
    static char text[1024];
    size_t end = (size_t)snprintf(text, sizeof text, "{");

    for (int i = 0; i <= method->n_fields; i++) {
        enum wire_field field = i < method->n_fields ? method->fields[i] : twice;
        if (field == FIELD_COUNT || field == left_out)
            continue;
        end += (size_t)snprintf(text + end, sizeof text - end, "%s'%s': %s", end > 1 ? ", " : "",
                                wire_field_names[field], field_case(field)->good);
    }
    snprintf(text + end, sizeof text - end, "}");
    return text;
}

static void every_method_takes_its_fields(void **state)
{
    (void)state;
    assert_int_equal(LENGTH(method_cases), METHOD_COUNT);
    assert_int_equal(LENGTH(field_cases), FIELD_COUNT);
    for (int i = 0; i < METHOD_COUNT; i++) {
        uint64_t given = 0;
        assert_taken(method_cases[i].method,
                     all_fields(&method_cases[i], FIELD_COUNT, FIELD_COUNT));
        for (int j = 0; j < method_cases[i].n_fields; j++)
            given |= UINT64_C(1) << method_cases[i].fields[j];
        assert_true(asked.given == given);
    }
}

static void every_other_field_is_unknown_and_named(void **state)
{
    (void)state;
    for (int i = 0; i < METHOD_COUNT; i++) {
        for (int field = 0; field < FIELD_COUNT; field++) {
            char fields[128], expected[128];
            if (takes(&method_cases[i], (enum wire_field)field))
                continue;
            snprintf(fields, sizeof fields, "{'%s': %s}", wire_field_names[field],
                     field_case((enum wire_field)field)->good);
            snprintf(expected, sizeof expected, "bad_request: field '%s' is unknown to %s",
                     wire_field_names[field], method_cases[i].method);
            assert_error(method_cases[i].method, fields, expected);
        }
    }
}

static void fields_of_no_method_are_unknown_and_named(void **state)
{
    static const char *const strange[][2] = {
        {"check", "shared"}, {"submit", "unchanged_sinc3"}, {"submit", "KEYS"}, {"submit", ""},
        {"submit", "tie"},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(strange); i++) {
        char fields[64], expected[128];
        snprintf(fields, sizeof fields, "{'%s': true}", strange[i][1]);
        snprintf(expected, sizeof expected, "bad_request: field '%s' is unknown to %s",
                 strange[i][1], strange[i][0]);
        assert_error(strange[i][0], fields, expected);
    }
}

static void a_field_given_twice_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < METHOD_COUNT; i++) {
        for (int j = 0; j < method_cases[i].n_fields; j++) {
            enum wire_field field = method_cases[i].fields[j];
            char expected[128];
            snprintf(expected, sizeof expected, "bad_request: field '%s' is given twice",
                     wire_field_names[field]);
            assert_error(method_cases[i].method, all_fields(&method_cases[i], FIELD_COUNT, field),
                         expected);
        }
    }
    assert_error("submit", "{'op': 'a', b'op': 'a'}", "bad_request: field 'op' is given twice");
}

static void a_field_that_is_missing_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < METHOD_COUNT; i++) {
        const struct method_case *method = &method_cases[i];
        for (int j = 0; j < method->n_fields; j++) {
            const char *name = wire_field_names[method->fields[j]];
            char expected[128];
            if (strstr(method->needs, name) == NULL)
                continue;
            snprintf(expected, sizeof expected, "bad_request: field '%s' is missing", name);
            assert_error(method->method, all_fields(method, method->fields[j], FIELD_COUNT),
                         expected);
        }
    }
    assert_error("verify", NULL, "bad_request: field 'op' is missing");
}

static void a_value_of_the_wrong_type_is_named_with_what_was_expected(void **state)
{
    (void)state;
    for (int i = 0; i < METHOD_COUNT; i++) {
        for (int j = 0; j < method_cases[i].n_fields; j++) {
            const struct field_case *field = field_case(method_cases[i].fields[j]);
            for (int k = 0; k < 8 && field->wrong[k] != NULL; k++) {
                char fields[128], expected[160];
                snprintf(fields, sizeof fields, "{'%s': %s}", wire_field_names[field->field],
                         field->wrong[k]);
                snprintf(expected, sizeof expected, "bad_request: field '%s' %s",
                         wire_field_names[field->field], field->expected);
                assert_error(method_cases[i].method, fields, expected);
            }
        }
    }
}

static void text_that_is_not_utf8_is_named(void **state)
{
    static const struct {
        const char *method, *field;
    } texts[] = {{"hello", "client"},    {"hello", "namespace"}, {"submit", "op"},
                 {"submit", "who"},      {"acquire", "why"},     {"renew", "progress"},
                 {"release", "outcome"}, {"cancel", "why"},      {"list", "who"}};

    (void)state;
    for (size_t i = 0; i < LENGTH(texts); i++) {
        char fields[64], expected[64];
        snprintf(fields, sizeof fields, "{'%s': 'a\\xed\\xa0\\x80'}", texts[i].field);
        snprintf(expected, sizeof expected, "bad_request: field '%s' is not UTF-8", texts[i].field);
        assert_error(texts[i].method, fields, expected);
    }
    assert_error("hello", "{'resume': {'session': 1, 'secret': '\\xff'}}",
                 "bad_request: field 'resume.secret' is not UTF-8");
}

static void the_name_of_a_field_is_text(void **state)
{
    (void)state;
    assert_error("ping", "{1: 2}", "bad_request: the name of a field must be text");
    assert_error("submit", "{nil: 2}", "bad_request: the name of a field must be text");
    assert_error("submit", "{['op']: 'a'}", "bad_request: the name of a field must be text");
}

static void the_first_error_in_the_message_is_told(void **state)
{
    (void)state;
    assert_error("submit", "{'op': 5, 'parents': 1}", "bad_request: field 'op' must be text");
    assert_error("submit", "{'parents': 1, 'op': 5}",
                 "bad_request: field 'parents' is unknown to submit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_takes_its_fields),
        cmocka_unit_test(every_other_field_is_unknown_and_named),
        cmocka_unit_test(fields_of_no_method_are_unknown_and_named),
        cmocka_unit_test(a_field_given_twice_is_named),
        cmocka_unit_test(a_field_that_is_missing_is_named),
        cmocka_unit_test(a_value_of_the_wrong_type_is_named_with_what_was_expected),
        cmocka_unit_test(text_that_is_not_utf8_is_named),
        cmocka_unit_test(the_name_of_a_field_is_text),
        cmocka_unit_test(the_first_error_in_the_message_is_told),
    };
    return cmocka_run_group_tests(tests, asking_group_start, asking_group_stop);
}
