/*
 * The end of a session takes along what is tied to it.
 */
#include "play.h"

STORY(the_operations_of_an_ended_session_are_lost)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x\n"
         "    b granted token 2\n"
         "0 A submit a2 k2:x\n"
         "    a2 waiting ahead 1 (b)\n"
         "1 A ends\n"
         "    a lost\n"
         "    a2 lost\n"
         "2 check k1\n"
         "    free\n"
         "3 check k2\n"
         "    held by b k2:x, holders 1, waiting 0\n");
}

/* Its holder ends in the same step, and before it. */
STORY(a_waiting_operation_of_an_ended_session_is_never_granted)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 A submit a2 k:x\n"
         "    a2 waiting ahead 1 (a)\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 2 (a, a2)\n"
         "1 A ends\n"
         "    a lost\n"
         "    a2 lost\n"
         "    b granted token 2\n");
}

STORY(detached_operations_outlive_their_session)
{
    play("0 A submit a k1:x lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "0 A submit a2 k1:x lease 0\n"
         "    a2 waiting ahead 1 (a)\n"
         "0 A submit a3 k2:x\n"
         "    a3 granted token 2\n"
         "1 A ends\n"
         "    a3 lost\n"
         "2 B release a token 1\n"
         "    a released\n"
         "    a2 granted token 3\n");
}

STORY(what_an_ended_session_held_is_granted_in_the_order_of_tickets)
{
    play("0 A submit a1 k1:x\n"
         "    a1 granted token 1\n"
         "0 A submit a2 k2:x\n"
         "    a2 granted token 2\n"
         "0 B submit b k2:x\n"
         "    b waiting ahead 1 (a2)\n"
         "0 C submit c k1:x\n"
         "    c waiting ahead 1 (a1)\n"
         "1 A ends\n"
         "    a1 lost\n"
         "    a2 lost\n"
         "    b granted token 3\n"
         "    c granted token 4\n");
}

STORY(a_session_that_owns_nothing_ends_without_a_trace)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B ends\n"
         "2 A release a\n"
         "    a released\n"
         "3 A ends\n"
         "4 stats seq\n"
         "    seq 3\n");
}

STORY(a_lost_operation_is_remembered_as_lost)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 A ends\n"
         "    a lost\n"
         "2 B release a token 1\n"
         "    error not_granted\n"
         "3 B release a token 99\n"
         "    error wrong_token\n");
}

STORY(the_end_of_the_claiming_session_leaves_a_detached_operation_alone)
{
    play("0 A submit a k:x lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "1 B claim a\n"
         "    a claimed, expires in 999\n"
         "2 B ends\n"
         "3 show a\n"
         "    a granted token 1, expires in 997, ticket 1, of A, claimed by B, 1 exclusive, 0 "
         "shared\n");
}

STORY(the_end_of_a_session_reaches_all_namespaces)
{
    play("0 A submit a k:x in one\n"
         "    a granted token 1\n"
         "0 A submit b k:x in two\n"
         "    b granted token 2\n"
         "1 A ends\n"
         "    a lost\n"
         "    b lost\n"
         "2 namespaces\n"
         "    none\n");
}

STORY(a_session_owns_what_is_live)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 A submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 owns A\n"
         "    2\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "3 owns A\n"
         "    1\n"
         "4 A ends\n"
         "    b lost\n"
         "5 owns A\n"
         "    0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operations_of_an_ended_session_are_lost),
        cmocka_unit_test(a_waiting_operation_of_an_ended_session_is_never_granted),
        cmocka_unit_test(detached_operations_outlive_their_session),
        cmocka_unit_test(what_an_ended_session_held_is_granted_in_the_order_of_tickets),
        cmocka_unit_test(a_session_that_owns_nothing_ends_without_a_trace),
        cmocka_unit_test(a_lost_operation_is_remembered_as_lost),
        cmocka_unit_test(the_end_of_the_claiming_session_leaves_a_detached_operation_alone),
        cmocka_unit_test(the_end_of_a_session_reaches_all_namespaces),
        cmocka_unit_test(a_session_owns_what_is_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
