/*
 * How long a grant lasts without renewal.
 */
#include "play.h"

STORY(a_lease_counts_from_the_grant)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "10 B submit b k:x lease 100\n"
         "    b waiting ahead 1 (a)\n"
         "500 A release a\n"
         "    a released\n"
         "    b granted token 2, expires in 100\n"
         "599 tick\n"
         "600 tick\n"
         "    b expired\n");
}

STORY(an_expired_grant_is_handed_on_in_the_same_step)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "1 B submit b k:s\n"
         "    b waiting ahead 1 (a)\n"
         "1 C submit c k:s\n"
         "    c waiting ahead 1 (a)\n"
         "100 tick\n"
         "    a expired\n"
         "    b granted token 2\n"
         "    c granted token 3\n");
}

STORY(a_lease_of_zero_lasts_until_released)
{
    play("0 A submit a k:x lease 0\n"
         "    a granted token 1\n"
         "9000000000 tick\n"
         "9000000001 A ends\n"
         "9000000002 B release a token 1\n"
         "    a released\n");
}

STORY(a_renewal_counts_the_lease_anew)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "90 A renew a token 1\n"
         "    a renewed, expires in 100\n"
         "100 tick\n"
         "189 tick\n"
         "190 tick\n"
         "    a expired\n");
}

STORY(a_renewal_may_change_the_lease)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "10 A renew a token 1 lease 1000\n"
         "    a renewed, expires in 1000\n"
         "20 A renew a token 1\n"
         "    a renewed, expires in 1000\n"
         "30 A renew a token 1 lease 50\n"
         "    a renewed, expires in 50\n"
         "80 tick\n"
         "    a expired\n");
}

STORY(a_renewal_may_make_the_lease_endless_and_finite_again)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "10 A renew a token 1 lease 0\n"
         "    a renewed\n"
         "5000 tick\n"
         "5001 A renew a token 1 lease 100\n"
         "    a renewed, expires in 100\n"
         "5101 tick\n"
         "    a expired\n");
}

/* Rule 8: the deadline is decided by the tick, and the driver reads what came before it. */
STORY(a_renewal_that_was_read_before_the_tick_is_in_time)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "150 A renew a token 1\n"
         "    a renewed, expires in 100\n"
         "151 tick\n"
         "250 tick\n"
         "    a expired\n");
}

STORY(a_tick_leaves_what_came_due_after_until)
{
    play("0 A submit a k1:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 B submit b k2:x lease 200\n"
         "    b granted token 2, expires in 200\n"
         "500 tick until 150\n"
         "    a expired\n"
         "501 B renew b token 2\n"
         "    b renewed, expires in 200\n"
         "502 tick until 400\n");
}

STORY(whoever_knows_the_token_renews)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "10 B renew a token 1\n"
         "    a renewed, expires in 100\n");
}

STORY(a_wrong_token_renews_nothing)
{
    play("0 A submit a k1:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 B submit b k2:x lease 100\n"
         "    b granted token 2, expires in 100\n"
         "10 A renew a token 2\n"
         "    error wrong_token\n"
         "10 A renew a token 99\n"
         "    error wrong_token\n"
         "100 tick\n"
         "    a expired\n"
         "    b expired\n");
}

STORY(what_waits_or_has_ended_is_not_renewed)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 B submit b k:x lease 100\n"
         "    b waiting ahead 1 (a)\n"
         "10 B renew b token 1\n"
         "    error wrong_token\n"
         "100 tick\n"
         "    a expired\n"
         "    b granted token 2, expires in 100\n"
         "110 A renew a token 1\n"
         "    error not_granted\n"
         "110 A renew a token 2\n"
         "    error wrong_token\n"
         "120 A renew c token 1\n"
         "    error not_found\n");
}

STORY(a_renewal_tells_whether_somebody_waits)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "10 A renew a token 1\n"
         "    a renewed, expires in 100\n"
         "20 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "30 A renew a token 1\n"
         "    a renewed, expires in 100, contended\n"
         "40 B cancel b\n"
         "    b cancelled\n"
         "50 A renew a token 1\n"
         "    a renewed, expires in 100\n");
}

STORY(progress_is_kept_until_told_anew)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "10 A renew a token 1 progress half\n"
         "    a renewed, expires in 100\n"
         "20 A renew a token 1\n"
         "    a renewed, expires in 100\n"
         "20 show a\n"
         "    a granted token 1, expires in 100, ticket 1, of A, 1 exclusive, 0 shared progress "
         "half\n"
         "30 A renew a token 1 progress done\n"
         "    a renewed, expires in 100\n"
         "40 A release a token 1 outcome fine\n"
         "    a released\n"
         "50 show a\n"
         "    a released, ticket 1, of A, 0 exclusive, 0 shared progress done outcome fine\n");
}

STORY(a_session_tied_operation_renews_to_tell_its_progress)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "10 A renew a token 1 progress half\n"
         "    a renewed\n"
         "20 show a\n"
         "    a granted token 1, ticket 1, of A, 1 exclusive, 0 shared progress half\n"
         "9000000000 tick\n");
}

STORY(leases_that_run_out_together_are_handed_on_in_the_order_of_tickets)
{
    play("0 A submit a k1:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 B submit b k2:x lease 50\n"
         "    b granted token 2, expires in 50\n"
         "1 C submit c k1:x\n"
         "    c waiting ahead 1 (a)\n"
         "1 D submit d k2:x\n"
         "    d waiting ahead 1 (b)\n"
         "100 tick\n"
         "    b expired\n"
         "    a expired\n"
         "    c granted token 3\n"
         "    d granted token 4\n");
}

STORY(the_lease_of_a_waiting_operation_does_not_run)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x lease 100\n"
         "    b waiting ahead 1 (a)\n"
         "1000 tick\n"
         "1001 ahead b\n"
         "    1 ahead: a k:x\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_counts_from_the_grant),
        cmocka_unit_test(an_expired_grant_is_handed_on_in_the_same_step),
        cmocka_unit_test(a_lease_of_zero_lasts_until_released),
        cmocka_unit_test(a_renewal_counts_the_lease_anew),
        cmocka_unit_test(a_renewal_may_change_the_lease),
        cmocka_unit_test(a_renewal_may_make_the_lease_endless_and_finite_again),
        cmocka_unit_test(a_renewal_that_was_read_before_the_tick_is_in_time),
        cmocka_unit_test(a_tick_leaves_what_came_due_after_until),
        cmocka_unit_test(whoever_knows_the_token_renews),
        cmocka_unit_test(a_wrong_token_renews_nothing),
        cmocka_unit_test(what_waits_or_has_ended_is_not_renewed),
        cmocka_unit_test(a_renewal_tells_whether_somebody_waits),
        cmocka_unit_test(progress_is_kept_until_told_anew),
        cmocka_unit_test(a_session_tied_operation_renews_to_tell_its_progress),
        cmocka_unit_test(leases_that_run_out_together_are_handed_on_in_the_order_of_tickets),
        cmocka_unit_test(the_lease_of_a_waiting_operation_does_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
