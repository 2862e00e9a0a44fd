/*
 * Who would be met by an exclusive try on one key.
 */
#include "play.h"

STORY(an_untouched_key_is_free)
{
    play("0 check k\n"
         "    free\n"
         "1 A submit a k/1:x\n"
         "    a granted token 1\n"
         "2 check k/2\n"
         "    free\n"
         "2 check k/1 in other\n"
         "    free\n"
         "2 check k/11\n"
         "    free\n");
}

STORY(a_key_is_free_iff_an_exclusive_try_on_it_would_be_granted)
{
    play("0 A submit a k/1:s\n"
         "    a granted token 1\n"
         "1 check k/1\n"
         "    held by a k/1:s, holders 1, waiting 0\n"
         "1 B submit b k/1:x wait 0\n"
         "    b refused ahead 1 (a)\n"
         "1 check k/2\n"
         "    free\n"
         "1 B submit b k/2:x wait 0\n"
         "    b granted token 2\n");
}

STORY(a_key_is_held_from_above)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "1 check k/1/2\n"
         "    held by a k:s, holders 1, waiting 0\n");
}

STORY(a_key_is_held_from_below)
{
    play("0 A submit a k/1/2:x\n"
         "    a granted token 1\n"
         "1 check k\n"
         "    held by a k/1/2:x, holders 1, waiting 0\n"
         "1 check /\n"
         "    held by a k/1/2:x, holders 1, waiting 0\n"
         "1 check k/1/3\n"
         "    free\n");
}

STORY(the_first_holder_is_the_first_by_grant)
{
    play("0 A submit a other:x\n"
         "    a granted token 1\n"
         "0 B submit b k:s other:s\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c granted token 2\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 3\n"
         "2 check k\n"
         "    held by c k:s, holders 2, waiting 0\n");
}

STORY(without_a_holder_the_first_in_line_reserves)
{
    play("0 A submit a other:x\n"
         "    a granted token 1\n"
         "1 B submit b k/1:x other:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 C submit c k:x\n"
         "    c waiting ahead 1 (b)\n"
         "2 check k/1\n"
         "    reserved by b k/1:x, holders 0, waiting 2\n"
         "2 check k\n"
         "    reserved by b k/1:x, holders 0, waiting 2\n"
         "2 check k/2\n"
         "    reserved by c k:x, holders 0, waiting 1\n");
}

STORY(a_holder_is_told_before_an_earlier_waiter)
{
    play("0 A submit a other:x\n"
         "    a granted token 1\n"
         "0 B submit b k:s other:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c granted token 2\n"
         "1 check k\n"
         "    held by c k:s, holders 1, waiting 1\n");
}

STORY(an_operation_is_counted_once_whatever_it_names)
{
    play("0 A submit a k:s k/1:x k/2/1:x k/2/2:x\n"
         "    a granted token 1\n"
         "1 B submit b k/1:s k/2/2:s k/3:s\n"
         "    b waiting ahead 1 (a)\n"
         "2 check k\n"
         "    held by a k:s, holders 1, waiting 1\n"
         "2 check /\n"
         "    held by a k:s, holders 1, waiting 1\n"
         "2 check k/2\n"
         "    held by a k:s, holders 1, waiting 1\n");
}

STORY(holders_and_waiters_above_at_and_below_are_counted)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k/1:s\n"
         "    b granted token 2\n"
         "0 C submit c k/1/1:s\n"
         "    c granted token 3\n"
         "0 D submit d k/2:s\n"
         "    d granted token 4\n"
         "0 E submit e /:x\n"
         "    e waiting ahead 4 (a, b, c, d)\n"
         "0 F submit f k/1/2:x\n"
         "    f waiting ahead 3 (a, b, e)\n"
         "0 G submit g k/2:x\n"
         "    g waiting ahead 3 (a, d, e)\n"
         "1 check k/1\n"
         "    held by a k:s, holders 3, waiting 2\n"
         "1 check k/2/7\n"
         "    held by a k:s, holders 2, waiting 2\n"
         "1 check other\n"
         "    reserved by e /:x, holders 0, waiting 1\n");
}

STORY(a_check_sees_ends_at_once)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "1 check k\n"
         "    held by b k:x, holders 1, waiting 0\n"
         "2 B release b\n"
         "    b released\n"
         "2 check k\n"
         "    free\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_key_is_free),
        cmocka_unit_test(a_key_is_free_iff_an_exclusive_try_on_it_would_be_granted),
        cmocka_unit_test(a_key_is_held_from_above),
        cmocka_unit_test(a_key_is_held_from_below),
        cmocka_unit_test(the_first_holder_is_the_first_by_grant),
        cmocka_unit_test(without_a_holder_the_first_in_line_reserves),
        cmocka_unit_test(a_holder_is_told_before_an_earlier_waiter),
        cmocka_unit_test(an_operation_is_counted_once_whatever_it_names),
        cmocka_unit_test(holders_and_waiters_above_at_and_below_are_counted),
        cmocka_unit_test(a_check_sees_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
