/*
 * Who stands before a waiting operation, and whether anybody waits for a granted one.
 */
#include "play.h"

STORY(blockers_are_told_with_the_key_that_they_named)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k/1/2:s\n"
         "    b granted token 2\n"
         "1 C submit c k/1:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "2 ahead c\n"
         "    2 ahead: a k:s, b k/1/2:s\n");
}

STORY(on_each_key_holders_come_first)
{
    play("0 A submit a j:s\n"
         "    a granted token 1\n"
         "0 B submit b j:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c granted token 2\n"
         "0 D submit d k:x\n"
         "    d waiting ahead 1 (c)\n"
         "1 E submit e j:x k:x\n"
         "    e waiting ahead 4 (a, b, c, d)\n"
         "2 ahead e\n"
         "    4 ahead: a j:s, b j:x, c k:s, d k:x\n");
}

/* The waiting one named a key above, the holders the keys themselves. */
STORY(a_key_above_does_not_come_before_the_keys_that_we_named)
{
    play("0 A submit a k/1:s\n"
         "    a granted token 1\n"
         "0 B submit b k/2:s\n"
         "    b granted token 2\n"
         "0 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "1 D submit d k/1:x k/2:x\n"
         "    d waiting ahead 3 (a, c, b)\n"
         "2 ahead d\n"
         "    3 ahead: a k/1:s, c k:x, b k/2:s\n");
}

STORY(each_blocker_counts_once)
{
    play("0 A submit a k1:x k2:x k3:x\n"
         "    a granted token 1\n"
         "1 B submit b k1:x k2:s k3/4:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 ahead b\n"
         "    1 ahead: a k1:x\n");
}

STORY(the_first_key_in_byte_order_that_blocks_is_named)
{
    play("0 A submit a z:x k/2:x k/1:s k/3:x\n"
         "    a granted token 1\n"
         "1 B submit b k:s\n"
         "    b waiting ahead 1 (a)\n"
         "2 ahead b\n"
         "    1 ahead: a k/2:x\n"
         "3 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "4 ahead c\n"
         "    2 ahead: a k/1:s, b k:s\n");
}

STORY(of_two_modes_on_one_branch_the_one_that_blocks_is_named)
{
    play("0 A submit a k:s k/1:x\n"
         "    a granted token 1\n"
         "1 B submit b k/1:s\n"
         "    b waiting ahead 1 (a)\n"
         "2 ahead b\n"
         "    1 ahead: a k/1:x\n"
         "3 C submit c k/2:x\n"
         "    c waiting ahead 1 (a)\n"
         "4 ahead c\n"
         "    1 ahead: a k:s\n");
}

STORY(later_arrivals_and_harmless_ones_are_not_ahead)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k:x j:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c waiting ahead 1 (b)\n"
         "0 D submit d k:s\n"
         "    d waiting ahead 1 (b)\n"
         "1 E submit e k:x\n"
         "    e waiting ahead 4 (a, b, c, d)\n"
         "2 ahead b\n"
         "    1 ahead: a k:s\n"
         "2 ahead c\n"
         "    1 ahead: b k:x\n");
}

STORY(who_does_not_wait_has_nobody_ahead)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 ahead a\n"
         "    0 ahead\n"
         "2 A release a\n"
         "    a released\n"
         "3 ahead a\n"
         "    0 ahead\n");
}

STORY(the_first_sixteen_are_shown_and_all_are_counted)
{
    play("0 A crowd a 20 k:s\n"
         "    20 granted, 0 waiting\n"
         "1 B submit b k:x\n"
         "    b waiting ahead 20 (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, "
         "a15, a16)\n");
}

STORY(a_thousand_claims_are_looked_at_and_no_more)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B crowd b 999 k:x\n"
         "    0 granted, 999 waiting\n"
         "1 C submit c k:x\n"
         "    c waiting ahead 1000 (a, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, "
         "b14, b15)\n"
         "2 D submit d k:x\n"
         "    d waiting ahead 1000 or more (a, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, "
         "b13, b14, b15)\n");
}

STORY(a_grant_is_contended_while_somebody_waits_for_it)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 contended a\n"
         "    no\n"
         "1 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 contended a\n"
         "    yes\n"
         "2 B cancel b\n"
         "    b cancelled\n"
         "2 contended a\n"
         "    no\n");
}

STORY(a_grant_is_contended_from_above_and_from_below)
{
    play("0 A submit a k/1:x\n"
         "    a granted token 1\n"
         "0 B submit b j:s\n"
         "    b granted token 2\n"
         "1 C submit c k:s\n"
         "    c waiting ahead 1 (a)\n"
         "1 D submit d j/1/1:x\n"
         "    d waiting ahead 1 (b)\n"
         "2 contended a\n"
         "    yes\n"
         "2 contended b\n"
         "    yes\n");
}

STORY(a_grant_is_not_contended_by_who_waits_for_another)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b j:x\n"
         "    b granted token 2\n"
         "1 C submit c k:s j:x\n"
         "    c waiting ahead 1 (b)\n"
         "2 contended a\n"
         "    no\n"
         "2 contended b\n"
         "    yes\n"
         "3 D submit d k/1:s j:s\n"
         "    d waiting ahead 2 (b, c)\n"
         "4 contended a\n"
         "    no\n");
}

STORY(whoever_waits_for_several_contends_them_all)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k:s\n"
         "    b granted token 2\n"
         "1 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "2 contended a\n"
         "    yes\n"
         "2 contended b\n"
         "    yes\n"
         "2 contended c\n"
         "    no\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blockers_are_told_with_the_key_that_they_named),
        cmocka_unit_test(on_each_key_holders_come_first),
        cmocka_unit_test(a_key_above_does_not_come_before_the_keys_that_we_named),
        cmocka_unit_test(each_blocker_counts_once),
        cmocka_unit_test(the_first_key_in_byte_order_that_blocks_is_named),
        cmocka_unit_test(of_two_modes_on_one_branch_the_one_that_blocks_is_named),
        cmocka_unit_test(later_arrivals_and_harmless_ones_are_not_ahead),
        cmocka_unit_test(who_does_not_wait_has_nobody_ahead),
        cmocka_unit_test(the_first_sixteen_are_shown_and_all_are_counted),
        cmocka_unit_test(a_thousand_claims_are_looked_at_and_no_more),
        cmocka_unit_test(a_grant_is_contended_while_somebody_waits_for_it),
        cmocka_unit_test(a_grant_is_contended_from_above_and_from_below),
        cmocka_unit_test(a_grant_is_not_contended_by_who_waits_for_another),
        cmocka_unit_test(whoever_waits_for_several_contends_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
