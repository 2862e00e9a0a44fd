/*
 * How long to stay in line: not at all, so long, or for ever.
 */
#include "play.h"

STORY(who_will_not_wait_is_refused_and_told_by_whom)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 C submit c k:x wait 0\n"
         "    c refused ahead 2 (a, b)\n"
         "1 C submit c k:s wait 0\n"
         "    c refused ahead 1 (b)\n");
}

STORY(who_will_not_wait_is_granted_what_is_free)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "1 B submit b k:s other:x wait 0\n"
         "    b granted token 2\n");
}

STORY(what_was_refused_leaves_nothing_behind)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B submit b k:x k2:x k2/3:s wait 0 payload p meta m lease 5\n"
         "    b refused ahead 1 (a)\n"
         "2 list\n"
         "    1 a granted\n"
         "2 check k2\n"
         "    free\n"
         "2 show b\n"
         "    no b\n"
         "2 stats seq ticket waiting granted remembered live_bytes refused submitted\n"
         "    seq 2 ticket 1 waiting 0 granted 1 remembered 0 live_bytes 0 refused 1 submitted 1\n"
         "2 owns B\n"
         "    0\n"
         "3 C submit c k2:x\n"
         "    c granted token 2\n"
         "3 list\n"
         "    1 a granted, 2 c granted\n"
         "3 B release b\n"
         "    error not_found\n");
}

STORY(a_refused_submit_does_not_even_make_a_namespace)
{
    play("0 A submit a k:x in other\n"
         "    a granted token 1\n"
         "0 B submit b k:x in other wait 0\n"
         "    b refused ahead 1 (a)\n"
         "1 A release a in other\n"
         "    a released\n"
         "2 namespaces\n"
         "    none\n");
}

STORY(waiting_ends_when_its_time_is_over)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "10 B submit b k:x wait 50\n"
         "    b waiting ahead 1 (a), times out in 50\n"
         "59 tick\n"
         "60 tick\n"
         "    b timeout\n"
         "61 A release a\n"
         "    a released\n");
}

STORY(waiting_times_count_from_the_submit)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "10 B submit b k:x wait 50\n"
         "    b waiting ahead 1 (a), times out in 50\n"
         "30 C submit c k:x wait 50\n"
         "    c waiting ahead 2 (a, b), times out in 50\n"
         "60 tick\n"
         "    b timeout\n"
         "79 tick\n"
         "80 tick\n"
         "    c timeout\n");
}

STORY(a_grant_ends_the_waiting_time)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x wait 50\n"
         "    b waiting ahead 1 (a), times out in 50\n"
         "40 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "100 tick\n"
         "101 show b\n"
         "    b granted token 2, ticket 2, of B, 1 exclusive, 0 shared\n");
}

STORY(a_timeout_lets_those_behind_in)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k:x wait 50\n"
         "    b waiting ahead 1 (a), times out in 50\n"
         "0 C submit c k:s\n"
         "    c waiting ahead 1 (b)\n"
         "0 D submit d k:s\n"
         "    d waiting ahead 1 (b)\n"
         "50 tick\n"
         "    b timeout\n"
         "    c granted token 2\n"
         "    d granted token 3\n");
}

STORY(who_is_due_in_a_step_is_not_granted_in_it)
{
    play("0 A submit a k:x lease 50\n"
         "    a granted token 1, expires in 50\n"
         "0 B submit b k:x wait 50\n"
         "    b waiting ahead 1 (a), times out in 50\n"
         "0 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "50 tick\n"
         "    a expired\n"
         "    b timeout\n"
         "    c granted token 2\n");
}

STORY(a_tick_decides_no_deadline_after_until)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x wait 50\n"
         "    b waiting ahead 1 (a), times out in 50\n"
         "0 C submit c k:x wait 70\n"
         "    c waiting ahead 2 (a, b), times out in 70\n"
         "100 tick until 49\n"
         "100 tick until 69\n"
         "    b timeout\n"
         "100 tick until 70\n"
         "    c timeout\n");
}

/* What decides is the tick, not the clock: a slow daemon ends nothing early. */
STORY(a_late_tick_still_grants_who_came_in_time)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x wait 50\n"
         "    b waiting ahead 1 (a), times out in 50\n"
         "60 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "61 tick\n");
}

STORY(a_waiting_time_may_be_longer_than_anybody_lives)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "9000000000000 tick\n"
         "9000000000001 A release a\n"
         "    a released\n"
         "    b granted token 2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_will_not_wait_is_refused_and_told_by_whom),
        cmocka_unit_test(who_will_not_wait_is_granted_what_is_free),
        cmocka_unit_test(what_was_refused_leaves_nothing_behind),
        cmocka_unit_test(a_refused_submit_does_not_even_make_a_namespace),
        cmocka_unit_test(waiting_ends_when_its_time_is_over),
        cmocka_unit_test(waiting_times_count_from_the_submit),
        cmocka_unit_test(a_grant_ends_the_waiting_time),
        cmocka_unit_test(a_timeout_lets_those_behind_in),
        cmocka_unit_test(who_is_due_in_a_step_is_not_granted_in_it),
        cmocka_unit_test(a_tick_decides_no_deadline_after_until),
        cmocka_unit_test(a_late_tick_still_grants_who_came_in_time),
        cmocka_unit_test(a_waiting_time_may_be_longer_than_anybody_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
