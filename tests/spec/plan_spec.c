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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_tells_what_a_submit_would_meet_and_leaves_nothing),
        cmocka_unit_test(a_plan_names_the_first_sixteen_blocked_keys),
        cmocka_unit_test(a_shared_key_below_one_that_is_intended_exclusively_is_not_blocked),
        cmocka_unit_test(who_holds_is_told_when_somebody_begins_to_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
