/*
 * What a request says once it is read.
 */
#include "unit.h"

#include "asking.h"

static void fields_that_are_not_given_have_their_defaults(void **state)
{
    (void)state;
    assert_taken("hello", NULL);
    assert_true(asked.protocol == 1 && asked.grace_ms == -1 && asked.ns.at == NULL &&
                asked.client.at == NULL && asked.given == 0);
    assert_taken("submit", "{'keys': ['a']}");
    assert_true(asked.op.n == 0 && asked.wait_ms == WIRE_FOREVER && !asked.detached);
    assert_true(asked.lease_ms == -1 && asked.claim_in_ms == WIRE_FOREVER);
    assert_null(asked.who.at);
    assert_null(asked.why.at);
    assert_null(asked.meta.at);
    assert_null(asked.payload.at);
    assert_taken("wait", "{'op': 'a'}");
    assert_true(asked.timeout_ms == WIRE_FOREVER);
    assert_taken("renew", "{'op': 'a', 'token': 1}");
    assert_true(asked.lease_ms == -1 && asked.progress.at == NULL);
    assert_taken("release", "{'op': 'a'}");
    assert_true(asked.token == 0 && asked.outcome.at == NULL);
    assert_taken("list", "{}");
    assert_true(asked.states == 3 && asked.limit == 100 && asked.after == 0 && !asked.mine);
}

static void wait_says_how_long_to_stay_in_line(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': ['a'], 'wait': true}");
    assert_true(asked.wait_ms == WIRE_FOREVER);
    assert_taken("submit", "{'keys': ['a'], 'wait': false}");
    assert_true(asked.wait_ms == 0);
    assert_taken("submit", "{'keys': ['a'], 'wait': 0}");
    assert_true(asked.wait_ms == 0);
    assert_taken("acquire", "{'keys': ['a'], 'wait': 1500}");
    assert_true(asked.wait_ms == 1500);
}

static void a_lease_detaches_and_0_is_until_released(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': ['a'], 'lease': 60000, 'claim_in': 0}");
    assert_true(asked.detached && asked.lease_ms == 60000 && asked.claim_in_ms == 0);
    assert_taken("submit", "{'keys': ['a'], 'claim_in': 5, 'lease': 0}");
    assert_true(asked.detached && asked.lease_ms == WIRE_FOREVER && asked.claim_in_ms == 5);
    assert_taken("renew", "{'op': 'a', 'token': 1, 'lease': 0}");
    assert_true(asked.lease_ms == WIRE_FOREVER);
}

static void claim_in_needs_a_lease(void **state)
{
    (void)state;
    assert_error("submit", "{'keys': ['a'], 'claim_in': 5}",
                 "bad_request: field 'claim_in' needs field 'lease'");
    assert_error("acquire", "{'keys': ['a'], 'claim_in': 5}",
                 "bad_request: field 'claim_in' needs field 'lease'");
}

static void a_payload_needs_no_lease(void **state)
{
    (void)state;
    assert_taken("submit", "{'keys': ['a'], 'payload': 1}");
    assert_false(asked.detached);
}

static void meta_and_payload_are_kept_as_their_bytes(void **state)
{
    (void)state;
    assert_taken("submit", "{'meta': {'a': [1, nil]}, 'payload': 'x\\xff', 'keys': ['a']}");
    assert_slice(asked.meta, "\x81\xa1\x61\x92\x01\xc0");
    assert_slice(asked.payload, "\xa2x\xff");
    assert_taken("submit", "{'payload': nil, 'keys': ['a'], 'meta': ext'z'}");
    assert_slice(asked.payload, "\xc0");
    assert_slice(asked.meta, "\xd4\x01z");
    assert_keys("a");
}

static void a_client_gives_no_ids_that_the_daemon_could_give(void **state)
{
    (void)state;
    assert_error("submit", "{'keys': ['a'], 'op': '12'}",
                 "bad_request: field 'op' must not be all digits");
    assert_error("acquire", "{'keys': ['a'], 'op': '0'}",
                 "bad_request: field 'op' must not be all digits");
    assert_taken("submit", "{'keys': ['a'], 'op': '12a'}");
    assert_taken("submit", "{'keys': ['a'], 'op': '-12'}");
    assert_taken("release", "{'op': '12'}");
    assert_taken("wait", "{'op': '12'}");
    assert_slice(asked.op, "12");
}

static void an_id_is_not_empty(void **state)
{
    (void)state;
    assert_error("submit", "{'keys': ['a'], 'op': ''}",
                 "bad_request: field 'op' must not be empty");
    assert_error("status", "{'op': b''}", "bad_request: field 'op' must not be empty");
    assert_error("hello", "{'namespace': ''}", "bad_request: field 'namespace' must not be empty");
}

/* Else it would do as one that was left out. */
static void a_token_of_0_is_a_token(void **state)
{
    (void)state;
    assert_taken("release", "{'op': 'a', 'token': 0}");
    assert_true(asked.token == UINT64_MAX);
    assert_taken("release", "{'op': 'a', 'token': 18446744073709551615}");
    assert_true(asked.token == UINT64_MAX);
    assert_taken("verify", "{'op': 'a', 'token': 9007199254740993}");
    assert_true(asked.token == 9007199254740993);
}

static void resume_names_a_session_and_its_secret(void **state)
{
    (void)state;
    assert_taken("hello", "{'resume': {'secret': 'abc', 'session': 18446744073709551615}}");
    assert_true(asked.session == UINT64_MAX);
    assert_slice(asked.secret, "abc");
    assert_error("hello", "{'resume': {}}", "bad_request: field 'resume.session' is missing");
    assert_error("hello", "{'resume': {'session': 1}}",
                 "bad_request: field 'resume.secret' is missing");
    assert_error("hello", "{'resume': {'secret': 'a'}}",
                 "bad_request: field 'resume.session' is missing");
    assert_error("hello", "{'resume': {'session': '1', 'secret': 'a'}}",
                 "bad_request: field 'resume.session' must be a whole number, not negative");
    assert_error("hello", "{'resume': {'session': 1, 'secret': nil}}",
                 "bad_request: field 'resume.secret' must be text");
    assert_error("hello", "{'resume': {'session': 1, 'session': 1}}",
                 "bad_request: field 'resume.session' is given twice");
    assert_error("hello", "{'resume': {'session': 1, 'secret': 'a', 'secret': 'a'}}",
                 "bad_request: field 'resume.secret' is given twice");
    assert_error("hello", "{'resume': {'sessio\\x0an': 1}}",
                 "bad_request: field 'resume.sessio\\x0an' is unknown to hello");
    assert_error("hello", "{'resume': {1: 1}}",
                 "bad_request: field 'resume' has an entry whose name is not text");
}

static void hello_says_what_it_is_given(void **state)
{
    (void)state;
    assert_taken("hello", "{'protocol': 7, 'client': 'test', 'namespace': 'n', 'grace': 0}");
    assert_true(asked.protocol == 7 && asked.grace_ms == 0);
    assert_slice(asked.client, "test");
    assert_slice(asked.ns, "n");
}

static void list_takes_its_filters(void **state)
{
    (void)state;
    assert_taken("list", "{'state': ['ended'], 'who': '', 'mine': true, 'claimed': false, "
                         "'after': 18446744073709551615, 'limit': 1000}");
    assert_true(asked.states == 4 && asked.mine && !asked.claimed && asked.after == UINT64_MAX &&
                asked.limit == 1000);
    assert_true(request_has(&asked, FIELD_CLAIMED) && !request_has(&asked, FIELD_KEY));
    assert_slice(asked.who, "");
    assert_taken("list", "{'state': ['granted', 'waiting', 'granted']}");
    assert_true(asked.states == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_that_are_not_given_have_their_defaults),
        cmocka_unit_test(wait_says_how_long_to_stay_in_line),
        cmocka_unit_test(a_lease_detaches_and_0_is_until_released),
        cmocka_unit_test(claim_in_needs_a_lease),
        cmocka_unit_test(a_payload_needs_no_lease),
        cmocka_unit_test(meta_and_payload_are_kept_as_their_bytes),
        cmocka_unit_test(a_client_gives_no_ids_that_the_daemon_could_give),
        cmocka_unit_test(an_id_is_not_empty),
        cmocka_unit_test(a_token_of_0_is_a_token),
        cmocka_unit_test(resume_names_a_session_and_its_secret),
        cmocka_unit_test(hello_says_what_it_is_given),
        cmocka_unit_test(list_takes_its_filters),
    };
    return cmocka_run_group_tests(tests, asking_group_start, asking_group_stop);
}
