/*
 * Leaving the line.
 */
#include "play.h"

STORY(a_waiting_operation_is_cancelled_by_its_session)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 B cancel b why bored\n"
         "    b cancelled\n"
         "2 show b\n"
         "    b cancelled, ticket 2, of B, 0 exclusive, 0 shared why_ended bored\n"
         "3 A release a\n"
         "    a released\n");
}

STORY(another_session_does_not_cancel_a_session_tied_operation)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 C cancel b\n"
         "    error not_owner\n"
         "2 ahead b\n"
         "    1 ahead: a k:x\n");
}

STORY(anybody_in_the_namespace_cancels_a_detached_operation)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x lease 1000\n"
         "    b waiting ahead 1 (a)\n"
         "1 C cancel b in other\n"
         "    error not_found\n"
         "1 C cancel b why stuck\n"
         "    b cancelled\n");
}

STORY(what_is_granted_is_not_cancelled)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 A cancel a\n"
         "    error not_waiting\n"
         "2 B submit b k2:x lease 10\n"
         "    b granted token 2, expires in 10\n"
         "3 B cancel b\n"
         "    error not_waiting\n");
}

STORY(a_cancel_said_again_gets_the_same_answer)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x lease 1000\n"
         "    b waiting ahead 1 (a)\n"
         "1 B cancel b why bored\n"
         "    b cancelled\n"
         "2 B cancel b why stuck\n"
         "    b again: cancelled\n"
         "3 show b\n"
         "    b cancelled, ticket 2, of B, 0 exclusive, 0 shared why_ended bored\n"
         "4 restart\n"
         "5 B cancel b\n"
         "    b again: cancelled\n");
}

STORY(what_ended_otherwise_is_not_cancelled)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x wait 10\n"
         "    b waiting ahead 1 (a), times out in 10\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "2 A cancel a\n"
         "    error not_waiting\n"
         "3 C submit c k:x wait 10\n"
         "    c waiting ahead 1 (b), times out in 10\n"
         "13 tick\n"
         "    c timeout\n"
         "14 C cancel c\n"
         "    error not_waiting\n");
}

STORY(nobody_cancels_what_is_not_there)
{
    play("0 A cancel a\n"
         "    error not_found\n");
}

STORY(a_cancelled_head_moves_the_line_up)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 B submit b k1:x k2:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k2:x\n"
         "    c waiting ahead 1 (b)\n"
         "0 D submit d k2:x\n"
         "    d waiting ahead 2 (b, c)\n"
         "1 B cancel b\n"
         "    b cancelled\n"
         "    c granted token 2\n"
         "2 C release c\n"
         "    c released\n"
         "    d granted token 3\n");
}

STORY(a_crowd_that_leaves_from_the_back_leaves_the_front_alone)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c waiting ahead 2 (a, b)\n"
         "0 D submit d k:s\n"
         "    d waiting ahead 2 (a, b)\n"
         "0 E submit e k:x\n"
         "    e waiting ahead 4 (a, b, c, d)\n"
         "1 E cancel e\n"
         "    e cancelled\n"
         "1 D cancel d\n"
         "    d cancelled\n"
         "1 B cancel b\n"
         "    b cancelled\n"
         "2 A release a\n"
         "    a released\n"
         "    c granted token 2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiting_operation_is_cancelled_by_its_session),
        cmocka_unit_test(another_session_does_not_cancel_a_session_tied_operation),
        cmocka_unit_test(anybody_in_the_namespace_cancels_a_detached_operation),
        cmocka_unit_test(what_is_granted_is_not_cancelled),
        cmocka_unit_test(a_cancel_said_again_gets_the_same_answer),
        cmocka_unit_test(what_ended_otherwise_is_not_cancelled),
        cmocka_unit_test(nobody_cancels_what_is_not_there),
        cmocka_unit_test(a_cancelled_head_moves_the_line_up),
        cmocka_unit_test(a_crowd_that_leaves_from_the_back_leaves_the_front_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
