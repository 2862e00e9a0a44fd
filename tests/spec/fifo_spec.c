/*
 * The order on one key: first come, first served, readers included.
 */
#include "play.h"

STORY(the_first_is_granted_at_once)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n");
}

STORY(a_second_exclusive_one_waits_and_is_granted_by_the_release)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "1 B submit b orders:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(shared_ones_hold_together)
{
    play("0 A submit a orders:s\n"
         "    a granted token 1\n"
         "1 B submit b orders:s\n"
         "    b granted token 2\n");
}

STORY(a_shared_one_waits_for_an_exclusive_holder)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "1 B submit b orders:s\n"
         "    b waiting ahead 1 (a)\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(an_exclusive_one_waits_for_every_shared_holder)
{
    play("0 A submit a orders:s\n"
         "    a granted token 1\n"
         "0 B submit b orders:s\n"
         "    b granted token 2\n"
         "1 C submit c orders:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "2 A release a\n"
         "    a released\n"
         "3 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(a_shared_one_does_not_overtake_a_waiting_writer)
{
    play("0 A submit a orders:s lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "1 B submit b orders:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c orders:s\n"
         "    c waiting ahead 1 (b)\n"
         "3 A release a token 1\n"
         "    a released\n"
         "    b granted token 2\n"
         "4 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(shared_ones_behind_a_writer_are_granted_together)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "1 B submit b orders:s\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c orders:s\n"
         "    c waiting ahead 1 (a)\n"
         "3 D submit d orders:x\n"
         "    d waiting ahead 3 (a, b, c)\n"
         "4 E submit e orders:s\n"
         "    e waiting ahead 2 (a, d)\n"
         "5 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "    c granted token 3\n"
         "6 C release c\n"
         "    c released\n"
         "7 B release b\n"
         "    b released\n"
         "    d granted token 4\n"
         "8 D release d\n"
         "    d released\n"
         "    e granted token 5\n");
}

STORY(waiters_are_granted_in_the_order_of_arrival)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "0 C submit c orders:x\n"
         "    c waiting ahead 1 (a)\n"
         "0 B submit b orders:x\n"
         "    b waiting ahead 2 (a, c)\n"
         "0 D submit d orders:x\n"
         "    d waiting ahead 3 (a, c, b)\n"
         "1 A release a\n"
         "    a released\n"
         "    c granted token 2\n"
         "1 C release c\n"
         "    c released\n"
         "    b granted token 3\n"
         "1 B release b\n"
         "    b released\n"
         "    d granted token 4\n");
}

STORY(a_release_grants_no_more_than_the_next)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "0 B crowd b 500 orders:x\n"
         "    0 granted, 500 waiting\n"
         "1 A release a\n"
         "    a released\n"
         "    b1 granted token 2\n"
         "2 stats waiting granted\n"
         "    waiting 499 granted 1\n");
}

STORY(a_release_grants_all_the_readers_in_front)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "0 B submit b1 orders:s\n"
         "    b1 waiting ahead 1 (a)\n"
         "0 C submit c orders:s other:x\n"
         "    c waiting ahead 1 (a)\n"
         "0 D submit d orders:s\n"
         "    d waiting ahead 1 (a)\n"
         "1 A release a\n"
         "    a released\n"
         "    b1 granted token 2\n"
         "    c granted token 3\n"
         "    d granted token 4\n");
}

STORY(a_cancelled_writer_lets_the_readers_behind_it_in)
{
    play("0 A submit a orders:s\n"
         "    a granted token 1\n"
         "1 B submit b orders:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c orders:s\n"
         "    c waiting ahead 1 (b)\n"
         "3 D submit d orders:s\n"
         "    d waiting ahead 1 (b)\n"
         "4 B cancel b\n"
         "    b cancelled\n"
         "    c granted token 2\n"
         "    d granted token 3\n");
}

STORY(a_free_key_does_not_feel_a_long_line_elsewhere)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "0 B crowd b 300 orders:x\n"
         "    0 granted, 300 waiting\n"
         "1 C submit c invoices:x\n"
         "    c granted token 2\n");
}

STORY(operations_of_one_session_exclude_one_another_too)
{
    play("0 A submit a orders:x\n"
         "    a granted token 1\n"
         "1 A submit again orders:x\n"
         "    again waiting ahead 1 (a)\n");
}

STORY(reader_and_writer_in_turn_are_granted_in_turn)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c waiting ahead 1 (b)\n"
         "0 D submit d k:x\n"
         "    d waiting ahead 3 (a, b, c)\n"
         "0 E submit e k:s\n"
         "    e waiting ahead 2 (b, d)\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "2 B release b\n"
         "    b released\n"
         "    c granted token 3\n"
         "3 C release c\n"
         "    c released\n"
         "    d granted token 4\n"
         "4 D release d\n"
         "    d released\n"
         "    e granted token 5\n");
}

STORY(a_waiter_in_the_middle_that_leaves_changes_nothing_for_the_others)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "0 D submit d k:x\n"
         "    d waiting ahead 3 (a, b, c)\n"
         "1 C cancel c\n"
         "    c cancelled\n"
         "2 ahead d\n"
         "    2 ahead: a k:x, b k:x\n"
         "3 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "4 B release b\n"
         "    b released\n"
         "    d granted token 3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_granted_at_once),
        cmocka_unit_test(a_second_exclusive_one_waits_and_is_granted_by_the_release),
        cmocka_unit_test(shared_ones_hold_together),
        cmocka_unit_test(a_shared_one_waits_for_an_exclusive_holder),
        cmocka_unit_test(an_exclusive_one_waits_for_every_shared_holder),
        cmocka_unit_test(a_shared_one_does_not_overtake_a_waiting_writer),
        cmocka_unit_test(shared_ones_behind_a_writer_are_granted_together),
        cmocka_unit_test(waiters_are_granted_in_the_order_of_arrival),
        cmocka_unit_test(a_release_grants_no_more_than_the_next),
        cmocka_unit_test(a_release_grants_all_the_readers_in_front),
        cmocka_unit_test(a_cancelled_writer_lets_the_readers_behind_it_in),
        cmocka_unit_test(a_free_key_does_not_feel_a_long_line_elsewhere),
        cmocka_unit_test(operations_of_one_session_exclude_one_another_too),
        cmocka_unit_test(reader_and_writer_in_turn_are_granted_in_turn),
        cmocka_unit_test(a_waiter_in_the_middle_that_leaves_changes_nothing_for_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
