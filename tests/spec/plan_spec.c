/*
 * Plan, which changes nothing, and who is told that somebody waits.
 */
#include "play.h"

STORY(a_plan_tells_what_a_submit_would_meet_and_leaves_nothing)
{
    play("0 A submit a a/1:x b:s\n"
         "    a granted token 1\n"
         "1 B submit b b:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C plan c:x b/1:s a:s a/2:x\n"
         "    would wait, ahead 2 (a, b), blocked a b/1\n"
         "3 C plan a/2:x c:x\n"
         "    would be granted\n"
         "4 stats ticket seq keys claims\n"
         "    ticket 2 seq 3 keys 4 claims 6\n"
         "5 C plan b:s max_hold 1000 pass\n"
         "    would be granted\n"
         "6 A plan a/1:x parent a\n"
         "    would be granted\n"
         "7 C plan a/1:x parent a\n"
         "    error not_owner\n");
}

STORY(a_plan_names_the_first_sixteen_blocked_keys)
{
    play("0 A submit a t:x\n"
         "    a granted token 1\n"
         "1 B plan t/10..28:x u:x\n"
         "    would wait, ahead 1 (a), blocked t/10 t/11 t/12 t/13 t/14 t/15 t/16 t/17 t/18 t/19 "
         "t/20 t/21 t/22 t/23 t/24 t/25 of 19\n");
}

STORY(a_shared_key_below_one_that_is_intended_exclusively_is_not_blocked)
{
    play("0 A submit a a:s\n"
         "    a granted token 1\n"
         "1 B plan a/1:s a/2:x\n"
         "    would wait, ahead 1 (a), blocked a/2\n");
}

STORY(who_holds_is_told_when_somebody_begins_to_wait)
{
    play("0 watch\n"
         "1 A submit a a:s\n"
         "    a granted token 1\n"
         "2 B submit b a:s b:x\n"
         "    b granted token 2\n"
         "3 C submit c a:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "    a contended\n"
         "    b contended\n"
         "4 D submit d b:s\n"
         "    d waiting ahead 1 (b)\n"
         "    b contended\n"
         "5 D submit e e:x c:x\n"
         "    e granted token 3\n"
         "6 A submit f a:s e:x\n"
         "    f waiting ahead 2 (c, e)\n"
         "    e contended\n");
}

STORY(a_plan_in_a_namespace_that_is_not_there_meets_nobody)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B plan a:x in other\n"
         "    would be granted\n");
}

STORY(a_plan_that_passes_asks_for_patience)
{
    play("0 A submit a a:s\n"
         "    a granted token 1\n"
         "0 B submit b a:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 C plan a:s max_hold 10 pass\n"
         "    would be granted\n"
         "2 C crowd p 16 a:s max_hold 10 pass\n"
         "    16 granted, 0 waiting\n"
         "3 C plan a:s max_hold 10 pass\n"
         "    would wait, ahead 1 (b), blocked a\n"
         "4 C plan a:x max_hold 10 pass\n"
         "    would wait, ahead 17 (a, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, "
         "p14, p15), blocked a\n");
}

STORY(each_who_holds_is_told_once_and_nobody_above_a_child)
{
    play("0 watch\n"
         "1 A submit a a:x b:x\n"
         "    a granted token 1\n"
         "2 B submit b a:x b:x\n"
         "    b waiting ahead 1 (a)\n"
         "    a contended\n"
         "3 C submit task c:s\n"
         "    task granted token 2\n"
         "4 D submit d c:s\n"
         "    d granted token 3\n"
         "5 C submit child c:x parent task\n"
         "    child waiting ahead 1 (d)\n"
         "    d contended\n");
}

STORY(who_takes_more_is_told_if_somebody_waits_for_it)
{
    play("0 watch\n"
         "1 A submit a a:x\n"
         "    a granted token 1\n"
         "2 A extend a b:x\n"
         "    a extended\n"
         "3 B submit b b:x c:x\n"
         "    b waiting ahead 1 (a)\n"
         "    a contended\n"
         "4 A extend a c:x\n"
         "    a extended\n"
         "    a contended\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_tells_what_a_submit_would_meet_and_leaves_nothing),
        cmocka_unit_test(a_plan_names_the_first_sixteen_blocked_keys),
        cmocka_unit_test(a_shared_key_below_one_that_is_intended_exclusively_is_not_blocked),
        cmocka_unit_test(who_holds_is_told_when_somebody_begins_to_wait),
        cmocka_unit_test(a_plan_in_a_namespace_that_is_not_there_meets_nobody),
        cmocka_unit_test(a_plan_that_passes_asks_for_patience),
        cmocka_unit_test(each_who_holds_is_told_once_and_nobody_above_a_child),
        cmocka_unit_test(who_takes_more_is_told_if_somebody_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
