/*
 * A set of keys is granted whole or not at all, and holds nothing while it waits.
 */
#include "play.h"

STORY(a_set_is_granted_when_its_last_key_becomes_free)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x\n"
         "    b granted token 2\n"
         "1 C submit c k1:x k2:x k3:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "2 A release a\n"
         "    a released\n"
         "3 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(a_waiting_set_reserves_its_free_keys_for_its_turn)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "1 B submit b k1:x k2:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c k2:x\n"
         "    c waiting ahead 1 (b)\n"
         "3 check k2\n"
         "    reserved by b k2:x, holders 0, waiting 2\n"
         "4 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "5 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(a_waiting_set_does_not_hold_what_a_shared_holder_releases)
{
    play("0 A submit a k1:s\n"
         "    a granted token 1\n"
         "0 B submit b k2:x\n"
         "    b granted token 2\n"
         "1 C submit c k1:x k2:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "2 A release a\n"
         "    a released\n"
         "3 check k1\n"
         "    reserved by c k1:x, holders 0, waiting 1\n"
         "4 C cancel c\n"
         "    c cancelled\n"
         "5 check k1\n"
         "    free\n");
}

STORY(crossed_sets_line_up_instead_of_deadlocking)
{
    play("0 A submit a k1:x k2:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x k1:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k1:x k2:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "2 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(crossing_pairs_over_three_keys_line_up)
{
    play("0 A submit a k1:x k2:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x k3:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k3:x k1:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "2 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(what_one_release_frees_is_granted_in_the_order_of_tickets)
{
    play("0 A submit a k1:x k2:x k3:x\n"
         "    a granted token 1\n"
         "0 B submit b k3:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k1:x\n"
         "    c waiting ahead 1 (a)\n"
         "0 D submit d k2:x\n"
         "    d waiting ahead 1 (a)\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "    c granted token 3\n"
         "    d granted token 4\n");
}

STORY(an_operation_does_not_stand_in_its_own_way)
{
    play("0 A submit a k:s k/1:x k/1/2:s\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n"
         "2 check /\n"
         "    free\n");
}

STORY(shared_and_exclusive_keys_of_one_set_are_granted_together)
{
    play("0 A submit a k1:s\n"
         "    a granted token 1\n"
         "0 B submit b k2:s\n"
         "    b granted token 2\n"
         "1 C submit c k1:s k2:x\n"
         "    c waiting ahead 1 (b)\n"
         "2 D submit d k1:s\n"
         "    d granted token 3\n"
         "3 B release b\n"
         "    b released\n"
         "    c granted token 4\n");
}

STORY(a_set_waits_behind_an_earlier_set_that_only_overlaps)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 B submit b k1:x k2:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k2:x k3:x\n"
         "    c waiting ahead 1 (b)\n"
         "0 D submit d k3:x\n"
         "    d waiting ahead 1 (c)\n"
         "1 B cancel b\n"
         "    b cancelled\n"
         "    c granted token 2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_granted_when_its_last_key_becomes_free),
        cmocka_unit_test(a_waiting_set_reserves_its_free_keys_for_its_turn),
        cmocka_unit_test(a_waiting_set_does_not_hold_what_a_shared_holder_releases),
        cmocka_unit_test(crossed_sets_line_up_instead_of_deadlocking),
        cmocka_unit_test(crossing_pairs_over_three_keys_line_up),
        cmocka_unit_test(what_one_release_frees_is_granted_in_the_order_of_tickets),
        cmocka_unit_test(an_operation_does_not_stand_in_its_own_way),
        cmocka_unit_test(shared_and_exclusive_keys_of_one_set_are_granted_together),
        cmocka_unit_test(a_set_waits_behind_an_earlier_set_that_only_overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
