/*
 * Each limit: at it a request is taken, one over it is over_limit, naming the limit and its value.
 */
#include "unit.h"

#include <stdio.h>

#include "asking.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct limit_case {
    const char *method, *within, *beyond, *expected;
} cases[] = {
    {"submit", "{'keys': ['a'], 'op': 'x'*128}", "{'keys': ['a'], 'op': 'x'*129}",
     "over_limit: field 'op' is over the limit of 128 bytes"},
    {"status", "{'op': '1'*128}", "{'op': '1'*129}",
     "over_limit: field 'op' is over the limit of 128 bytes"},
    {"hello", "{'namespace': 'x'*128}", "{'namespace': 'x'*129}",
     "over_limit: field 'namespace' is over the limit of 128 bytes"},
    {"hello", "{'protocol': 1}", "{'protocol': 0}",
     "over_limit: field 'protocol' is below the limit of 1"},
    {"hello", "{'protocol': 18446744073709551615, 'client': 'x'*255}", "{'client': 'x'*256}",
     "over_limit: field 'client' is over the limit 'text' of 255 bytes"},
    {"hello", "{'grace': 3600000}", "{'grace': 3600001}",
     "over_limit: field 'grace' is over the limit 'grace' of 3600000 ms"},
    {"submit", "{'keys': ['a'], 'who': 'x'*255}", "{'keys': ['a'], 'who': 'x'*256}",
     "over_limit: field 'who' is over the limit 'text' of 255 bytes"},
    {"acquire", "{'keys': ['a'], 'why': 'x'*255}", "{'keys': ['a'], 'why': 'x'*256}",
     "over_limit: field 'why' is over the limit 'text' of 255 bytes"},
    {"cancel", "{'op': 'a', 'why': 'x'*255}", "{'op': 'a', 'why': 'x'*256}",
     "over_limit: field 'why' is over the limit 'text' of 255 bytes"},
    {"renew", "{'op': 'a', 'token': 1, 'progress': 'x'*255}",
     "{'op': 'a', 'token': 1, 'progress': 'x'*256}",
     "over_limit: field 'progress' is over the limit 'text' of 255 bytes"},
    {"release", "{'op': 'a', 'outcome': 'x'*255}", "{'op': 'a', 'outcome': 'x'*256}",
     "over_limit: field 'outcome' is over the limit 'text' of 255 bytes"},
    {"list", "{'who': 'x'*255}", "{'who': 'x'*256}",
     "over_limit: field 'who' is over the limit 'text' of 255 bytes"},
    /* meta and payload: the bytes of the MessagePack, its head with them */
    {"submit", "{'keys': ['a'], 'meta': 'x'*4093}", "{'keys': ['a'], 'meta': 'x'*4094}",
     "over_limit: field 'meta' is over the limit 'meta' of 4096 bytes"},
    {"submit", "{'keys': ['a'], 'payload': b'x'*65533}", "{'keys': ['a'], 'payload': b'x'*65534}",
     "over_limit: field 'payload' is over the limit 'payload' of 65536 bytes"},
    {"submit", "{'keys': ['a'], 'lease': 100}", "{'keys': ['a'], 'lease': 99}",
     "over_limit: field 'lease' is below the limit 'lease_min' of 100 ms"},
    {"submit", "{'keys': ['a'], 'lease': 0}", "{'keys': ['a'], 'lease': 1}",
     "over_limit: field 'lease' is below the limit 'lease_min' of 100 ms"},
    {"renew", "{'op': 'a', 'token': 1, 'lease': 604800000}",
     "{'op': 'a', 'token': 1, 'lease': 604800001}",
     "over_limit: field 'lease' is over the limit 'lease_max' of 604800000 ms"},
    {"submit", "{'keys': ['a'], 'lease': 604800000}",
     "{'keys': ['a'], 'lease': 18446744073709551615}",
     "over_limit: field 'lease' is over the limit 'lease_max' of 604800000 ms"},
    {"submit", "{'keys': ['a'], 'wait': 9007199254740992}",
     "{'keys': ['a'], 'wait': 9007199254740993}",
     "over_limit: field 'wait' is over the limit of 9007199254740992 ms"},
    {"submit", "{'keys': ['a'], 'lease': 100, 'claim_in': 9007199254740992}",
     "{'keys': ['a'], 'lease': 100, 'claim_in': 9007199254740993}",
     "over_limit: field 'claim_in' is over the limit of 9007199254740992 ms"},
    {"wait", "{'op': 'a', 'timeout': 9007199254740992}",
     "{'op': 'a', 'timeout': 18446744073709551615}",
     "over_limit: field 'timeout' is over the limit of 9007199254740992 ms"},
    {"list", "{'limit': 1000}", "{'limit': 1001}",
     "over_limit: field 'limit' is over the limit of 1000"},
    {"list", "{'limit': 1}", "{'limit': 0}", "over_limit: field 'limit' is below the limit of 1"},
    /* keys: the canonical path counts */
    {"submit", "{'keys': ['x'*1024]}", "{'keys': ['x'*1025]}",
     "over_limit: field 'keys' is over the limit 'path' of 1024 bytes in one key"},
    {"check", "{'keys': [['x'*1024]]}", "{'keys': [['x'*1025]]}",
     "over_limit: field 'keys' is over the limit 'path' of 1024 bytes in one key"},
    {"submit", "{'shared': [['x'*1000, 'y'*23]]}", "{'shared': [['x'*1000, 'y'*24]]}",
     "over_limit: field 'shared' is over the limit 'path' of 1024 bytes in one key"},
    {"submit", "{'keys': {'x'*1000: ['y'*23]}}", "{'keys': {'x'*1000: ['y'*24]}}",
     "over_limit: field 'keys' is over the limit 'path' of 1024 bytes in one key"},
    {"submit", "{'keys': {'x'*1022: [1]}}", "{'keys': {'x'*1022: [10]}}",
     "over_limit: field 'keys' is over the limit 'path' of 1024 bytes in one key"},
    {"submit", "{'keys': [['x'*1022, 'y']]}", "{'keys': [['x'*1024, 'y']]}",
     "over_limit: field 'keys' is over the limit 'path' of 1024 bytes in one key"},
    {"submit", "{'keys': [['/'*341]]}", "{'keys': [['/'*342]]}",
     "over_limit: field 'keys' is over the limit 'path' of 1024 bytes in one key"},
    {"submit", "{'keys': [['/'*340, 'abc']]}", "{'keys': [['/'*340, 'ab/']]}",
     "over_limit: field 'keys' is over the limit 'path' of 1024 bytes in one key"},
    {"list", "{'key': 'x'*1024}", "{'key': 'x'*1025}",
     "over_limit: field 'key' is over the limit 'path' of 1024 bytes in one key"},
    {"submit", "{'keys': ['1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16']}",
     "{'keys': ['1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17']}",
     "over_limit: field 'keys' is over the limit 'segments' of 16 in one key"},
    {"submit", "{'keys': [[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]]}",
     "{'keys': [[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]]}",
     "over_limit: field 'keys' is over the limit 'segments' of 16 in one key"},
    {"status", "{'op': 'a', 'after_key': 'a/b'}",
     "{'op': 'a', 'after_key': '1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17'}",
     "over_limit: field 'after_key' is over the limit 'segments' of 16 in one key"},
};

static void a_field_is_taken_at_its_limit_and_no_further(void **state)
{
    (void)state;
    asking_start(&asking_limits);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_taken(cases[i].method, cases[i].within);
        assert_error(cases[i].method, cases[i].beyond, cases[i].expected);
    }
}

/* Keys count as they come, exclusive and shared together, in whatever form. */
static void keys_are_counted_over_the_whole_request(void **state)
{
    struct wire_limits limits = asking_limits;

    (void)state;
    limits.keys = 3;
    limits.keys_per_check = 2;
    asking_start(&limits);
    assert_taken("submit", "{'keys': ['a', 'b', 'c']}");
    assert_taken("submit", "{'keys': {'A': [1, 2]}, 'shared': [['b']]}");
    assert_error("submit", "{'keys': ['a', 'b', 'c', 'd']}",
                 "over_limit: field 'keys' is over the limit 'keys' of 3");
    assert_error("submit", "{'keys': ['a', 'a', 'a', 'a']}",
                 "over_limit: field 'keys' is over the limit 'keys' of 3");
    assert_error("acquire", "{'keys': {'A': [1, 2]}, 'shared': {'A': [3, 4]}}",
                 "over_limit: field 'shared' is over the limit 'keys' of 3");
    assert_taken("check", "{'keys': ['a', 'b']}");
    assert_error("check", "{'keys': {'A': [1, 2, 3]}}",
                 "over_limit: field 'keys' is over the limit 'keys_per_check' of 2");
}

static void the_text_of_keys_is_counted_over_the_whole_request(void **state)
{
    struct wire_limits limits = asking_limits;

    (void)state;
    limits.key_text = 10;
    asking_start(&limits);
    assert_taken("submit", "{'keys': ['aaaa'], 'shared': {'b': ['1234']}}");
    assert_error("submit", "{'keys': ['aaaa'], 'shared': {'b': ['12345']}}",
                 "over_limit: field 'shared' is over the limit 'key_text' of 10 bytes");
    assert_error("submit", "{'keys': ['aaaaa', 'aaaaaa']}",
                 "over_limit: field 'keys' is over the limit 'key_text' of 10 bytes");
    assert_error("check", "{'keys': {'A': [10, 11, 12]}}",
                 "over_limit: field 'keys' is over the limit 'key_text' of 10 bytes");
    assert_taken("submit", "{'keys': ['aaaaaaaaaa', '/', []]}");
}

static void configured_limits_count_not_the_usual_ones(void **state)
{
    struct wire_limits limits = {
        .path = 4,
        .segments = 2,
        .keys = 1,
        .key_text = 100,
        .keys_per_check = 1,
        .payload = 0,
        .meta = 1,
        .text = 3,
        .lease_min = 5,
        .lease_max = 6,
        .grace_max = 0,
    };

    (void)state;
    asking_start(&limits);
    assert_taken("submit", "{'keys': ['a/bc'], 'who': 'abc', 'meta': 1, 'lease': 5}");
    assert_error("submit", "{'keys': ['a/bcd']}",
                 "over_limit: field 'keys' is over the limit 'path' of 4 bytes in one key");
    assert_error("submit", "{'keys': {'ab': [12]}}",
                 "over_limit: field 'keys' is over the limit 'path' of 4 bytes in one key");
    assert_error("submit", "{'keys': ['/', '/']}",
                 "over_limit: field 'keys' is over the limit 'keys' of 1");
    assert_error("submit", "{'payload': nil}",
                 "over_limit: field 'payload' is over the limit 'payload' of 0 bytes");
    assert_error("submit", "{'meta': ''*1, 'who': 'abcd'}",
                 "over_limit: field 'who' is over the limit 'text' of 3 bytes");
    assert_error("submit", "{'lease': 7}",
                 "over_limit: field 'lease' is over the limit 'lease_max' of 6 ms");
    assert_error("hello", "{'grace': 1}",
                 "over_limit: field 'grace' is over the limit 'grace' of 0 ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_taken_at_its_limit_and_no_further),
        cmocka_unit_test(keys_are_counted_over_the_whole_request),
        cmocka_unit_test(the_text_of_keys_is_counted_over_the_whole_request),
        cmocka_unit_test(configured_limits_count_not_the_usual_ones),
    };
    return cmocka_run_group_tests(tests, asking_group_start, asking_group_stop);
}
