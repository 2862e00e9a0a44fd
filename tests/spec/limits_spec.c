/*
 * Everything has a limit, over it comes a named error with nothing half done.
 */
#include "play.h"

STORY(live_operations_are_limited)
{
    play("0 limit live_ops 2\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 B submit b k1:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 C submit c k2:x k3:x\n"
         "    error over_limit live_ops 2\n"
         "2 check k2\n"
         "    free\n"
         "2 show c\n"
         "    no c\n"
         "3 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "4 C submit c k4:x\n"
         "    c granted token 3\n"
         "5 list\n"
         "    1 a ended, 2 b granted, 3 c granted\n");
}

STORY(live_operations_of_one_session_are_limited)
{
    play("0 limit live_ops_per_session 2\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 A submit b k1:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 A submit c k2:x\n"
         "    error over_limit live_ops_per_session 2\n"
         "1 B submit c k2:x\n"
         "    c granted token 2\n"
         "2 A cancel b\n"
         "    b cancelled\n"
         "3 A submit d k3:x\n"
         "    d granted token 3\n");
}

STORY(live_claims_are_limited_and_count_the_keys_above)
{
    play("0 limit live_claims 9\n"
         "0 A submit a k1/2:x\n"
         "    a granted token 1\n"
         "1 stats claims\n"
         "    claims 3\n"
         "2 B submit b k1/2:x k1/3:x k4:x\n"
         "    b waiting ahead 1 (a)\n"
         "3 stats claims\n"
         "    claims 8\n"
         "4 C submit c k5:x\n"
         "    error over_limit live_claims 9\n"
         "5 C submit c /:s\n"
         "    c waiting ahead 2 (a, b)\n"
         "6 D submit d /:s\n"
         "    error over_limit live_claims 9\n"
         "7 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "8 D submit d /:s\n"
         "    d waiting ahead 1 (b)\n");
}

STORY(live_payload_and_meta_are_limited_together)
{
    play("0 limit live_bytes 10\n"
         "0 A submit a k1:x lease 0 payload 12345\n"
         "    a granted token 1\n"
         "1 B submit b k2:x lease 0 payload 1234 meta 56\n"
         "    error over_limit live_bytes 10\n"
         "2 B submit b k2:x lease 0 payload 123 meta 45\n"
         "    b granted token 2\n"
         "3 C submit c k3:x meta 1\n"
         "    error over_limit live_bytes 10\n"
         "4 A release a token 1\n"
         "    a released\n"
         "5 C submit c k3:x meta 1\n"
         "    c granted token 3\n");
}

STORY(live_namespaces_are_limited)
{
    play("0 limit namespaces 2\n"
         "0 A submit a k:x in one\n"
         "    a granted token 1\n"
         "0 A submit b k:x in two\n"
         "    b granted token 2\n"
         "1 A submit c k:x in three\n"
         "    error over_limit namespaces 2\n"
         "2 A submit c k2:x in two\n"
         "    c granted token 3\n"
         "3 A release a in one\n"
         "    a released\n"
         "4 A submit d k:x in three\n"
         "    d granted token 4\n"
         "5 namespaces\n"
         "    three 1 two 2\n");
}

STORY(giving_back_is_never_refused_because_it_is_full)
{
    play("0 limit live_ops 3\n"
         "0 limit live_claims 6\n"
         "0 limit namespaces 1\n"
         "0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "1 D submit d k2:x\n"
         "    error over_limit live_ops 3\n"
         "2 A renew a token 1\n"
         "    a renewed, expires in 100, contended\n"
         "3 D claim a\n"
         "    a claimed, expires in 99\n"
         "4 C cancel c\n"
         "    c cancelled\n"
         "5 A release a token 1\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(a_repeat_is_answered_although_it_is_full)
{
    play("0 limit live_ops 2\n"
         "0 limit live_ops_per_session 2\n"
         "0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 A submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 A submit c k:x\n"
         "    error over_limit live_ops 2\n"
         "2 A submit b k:x\n"
         "    b again: waiting ahead 1 (a)\n"
         "3 A submit a k:x\n"
         "    a again: granted token 1\n");
}

STORY(what_is_over_a_limit_makes_no_namespace)
{
    play("0 limit live_ops 1\n"
         "0 limit namespaces 2\n"
         "0 A submit a k:x in one\n"
         "    a granted token 1\n"
         "1 B submit b k:x in two\n"
         "    error over_limit live_ops 1\n"
         "2 B submit b k:x in three\n"
         "    error over_limit live_ops 1\n"
         "3 namespaces\n"
         "    one 1\n"
         "3 stats namespaces\n"
         "    namespaces 1\n"
         "4 A release a in one\n"
         "    a released\n"
         "5 B submit b k:x in four\n"
         "    b granted token 2\n");
}

STORY(what_is_over_a_limit_leaves_its_id_free)
{
    play("0 limit live_ops 1\n"
         "0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B submit b k1:x\n"
         "    error over_limit live_ops 1\n"
         "2 A release a\n"
         "    a released\n"
         "3 C submit b k2:x\n"
         "    b granted token 2\n"
         "3 stats ticket submitted\n"
         "    ticket 2 submitted 2\n");
}

STORY(an_extension_is_limited_by_the_text_of_all_keys)
{
    play("0 limit key_text 8\n"
         "0 A submit a abcd:x\n"
         "    a granted token 1\n"
         "1 A extend a efghi:x\n"
         "    error over_limit key_text 8\n"
         "2 A extend a efgh:x\n"
         "    a extended\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_operations_are_limited),
        cmocka_unit_test(live_operations_of_one_session_are_limited),
        cmocka_unit_test(live_claims_are_limited_and_count_the_keys_above),
        cmocka_unit_test(live_payload_and_meta_are_limited_together),
        cmocka_unit_test(live_namespaces_are_limited),
        cmocka_unit_test(giving_back_is_never_refused_because_it_is_full),
        cmocka_unit_test(a_repeat_is_answered_although_it_is_full),
        cmocka_unit_test(what_is_over_a_limit_makes_no_namespace),
        cmocka_unit_test(what_is_over_a_limit_leaves_its_id_free),
        cmocka_unit_test(an_extension_is_limited_by_the_text_of_all_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
