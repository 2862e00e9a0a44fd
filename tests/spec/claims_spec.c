/*
 * A detached grant is claimed by the one worker that runs it.
 */
#include "play.h"

STORY(a_claim_brings_the_payload)
{
    play("0 A submit a k:x lease 100 payload todo\n"
         "    a granted token 1\n"
         "10 B claim a\n"
         "    a claimed, expires in 100 payload todo\n"
         "20 show a\n"
         "    a granted token 1, expires in 90, ticket 1, of A, claimed by B, 1 exclusive, 0 "
         "shared payload todo\n");
}

STORY(a_grant_is_claimed_once)
{
    play("0 A submit a k:x lease 100 payload todo\n"
         "    a granted token 1\n"
         "10 B claim a\n"
         "    a claimed, expires in 100 payload todo\n"
         "20 C claim a\n"
         "    error already_claimed\n"
         "20 A claim a\n"
         "    error already_claimed\n");
}

STORY(the_same_session_may_claim_again)
{
    play("0 A submit a k:x lease 100 payload todo\n"
         "    a granted token 1\n"
         "10 B claim a\n"
         "    a claimed, expires in 100 payload todo\n"
         "20 B claim a\n"
         "    a again: granted token 1, expires in 90 payload todo\n");
}

STORY(only_a_grant_is_claimed)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 B submit b k:x lease 100\n"
         "    b waiting ahead 1 (a)\n"
         "10 C claim b\n"
         "    error not_granted\n"
         "10 C claim c\n"
         "    error not_found\n"
         "100 tick\n"
         "    a expired\n"
         "    b granted token 2, expires in 100\n"
         "110 C claim a\n"
         "    error not_granted\n");
}

STORY(a_session_tied_operation_is_not_claimed)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "10 A claim a\n"
         "    error not_owner\n"
         "10 B claim a\n"
         "    error not_owner\n");
}

STORY(with_a_payload_the_lease_counts_from_the_claim)
{
    play("0 A submit a k:x lease 100 payload todo\n"
         "    a granted token 1\n"
         "5000 tick\n"
         "5001 B claim a\n"
         "    a claimed, expires in 100 payload todo\n"
         "5100 tick\n"
         "5101 tick\n"
         "    a expired\n");
}

STORY(without_a_payload_a_claim_does_not_move_the_lease)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "60 B claim a\n"
         "    a claimed, expires in 40\n"
         "100 tick\n"
         "    a expired\n");
}

STORY(a_grant_that_nobody_claims_in_time_expires)
{
    play("0 A submit a k:x lease 100 claim_in 30 payload todo\n"
         "    a granted token 1, expires in 30\n"
         "0 B submit b k:x lease 0 claim_in 30\n"
         "    b waiting ahead 1 (a)\n"
         "29 tick\n"
         "30 tick\n"
         "    a expired\n"
         "    b granted token 2, expires in 30\n"
         "60 tick\n"
         "    b expired\n");
}

STORY(a_claim_in_time_stops_the_time_for_claiming)
{
    play("0 A submit a k:x lease 100 claim_in 30 payload todo\n"
         "    a granted token 1, expires in 30\n"
         "20 B claim a\n"
         "    a claimed, expires in 100 payload todo\n"
         "30 tick\n"
         "119 tick\n"
         "120 tick\n"
         "    a expired\n");
}

STORY(a_claim_that_was_read_before_the_tick_is_in_time)
{
    play("0 A submit a k:x lease 0 claim_in 30\n"
         "    a granted token 1, expires in 30\n"
         "50 B claim a\n"
         "    a claimed\n"
         "51 tick\n");
}

STORY(time_for_claiming_counts_from_the_grant)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x lease 100 claim_in 30\n"
         "    b waiting ahead 1 (a)\n"
         "500 A release a\n"
         "    a released\n"
         "    b granted token 2, expires in 30\n"
         "530 tick\n"
         "    b expired\n");
}

STORY(without_a_payload_the_earlier_of_lease_and_claim_in_counts)
{
    play("0 A submit a k1:x lease 100 claim_in 30\n"
         "    a granted token 1, expires in 30\n"
         "0 B submit b k2:x lease 30 claim_in 100\n"
         "    b granted token 2, expires in 30\n"
         "10 C claim a\n"
         "    a claimed, expires in 90\n"
         "10 C claim b\n"
         "    b claimed, expires in 20\n"
         "30 tick\n"
         "    b expired\n"
         "100 tick\n"
         "    a expired\n");
}

STORY(a_renewal_does_not_lengthen_the_time_for_claiming)
{
    play("0 A submit a k1:x lease 100 claim_in 30\n"
         "    a granted token 1, expires in 30\n"
         "0 B submit b k2:x lease 100 claim_in 30 payload todo\n"
         "    b granted token 2, expires in 30\n"
         "10 A renew a token 1 lease 500\n"
         "    a renewed, expires in 20\n"
         "10 B renew b token 2 lease 500\n"
         "    b renewed, expires in 20\n"
         "20 C claim b\n"
         "    b claimed, expires in 500 payload todo\n"
         "20 C claim a\n"
         "    a claimed, expires in 490\n");
}

STORY(a_claimed_operation_is_owned_by_both_sessions)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "1 owns A\n"
         "    1\n"
         "1 owns B\n"
         "    0\n"
         "2 B claim a\n"
         "    a claimed, expires in 98\n"
         "3 owns A\n"
         "    1\n"
         "3 owns B\n"
         "    1\n"
         "4 A release a token 1\n"
         "    a released\n"
         "5 owns A\n"
         "    0\n"
         "5 owns B\n"
         "    0\n");
}

STORY(a_session_that_claims_its_own_operation_owns_it_once)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "1 A claim a\n"
         "    a claimed, expires in 99\n"
         "2 owns A\n"
         "    1\n"
         "3 A release a token 1\n"
         "    a released\n"
         "4 owns A\n"
         "    0\n");
}

STORY(the_payload_of_an_ended_operation_is_forgotten)
{
    play("0 A submit a k:x lease 100 payload todo meta note\n"
         "    a granted token 1\n"
         "1 stats live_bytes\n"
         "    live_bytes 8\n"
         "2 A release a token 1\n"
         "    a released\n"
         "3 stats live_bytes\n"
         "    live_bytes 0\n"
         "4 show a\n"
         "    a released, ticket 1, of A, 0 exclusive, 0 shared\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_brings_the_payload),
        cmocka_unit_test(a_grant_is_claimed_once),
        cmocka_unit_test(the_same_session_may_claim_again),
        cmocka_unit_test(only_a_grant_is_claimed),
        cmocka_unit_test(a_session_tied_operation_is_not_claimed),
        cmocka_unit_test(with_a_payload_the_lease_counts_from_the_claim),
        cmocka_unit_test(without_a_payload_a_claim_does_not_move_the_lease),
        cmocka_unit_test(a_grant_that_nobody_claims_in_time_expires),
        cmocka_unit_test(a_claim_in_time_stops_the_time_for_claiming),
        cmocka_unit_test(a_claim_that_was_read_before_the_tick_is_in_time),
        cmocka_unit_test(time_for_claiming_counts_from_the_grant),
        cmocka_unit_test(without_a_payload_the_earlier_of_lease_and_claim_in_counts),
        cmocka_unit_test(a_renewal_does_not_lengthen_the_time_for_claiming),
        cmocka_unit_test(a_claimed_operation_is_owned_by_both_sessions),
        cmocka_unit_test(a_session_that_claims_its_own_operation_owns_it_once),
        cmocka_unit_test(the_payload_of_an_ended_operation_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
