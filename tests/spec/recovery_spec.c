/*
 * After a crash: the same queues from what was stored.
 */
#include "play.h"

STORY(everything_stands_as_before_after_a_restart)
{
    play("0 A submit a k:s k/1:x who anna why saving\n"
         "    a granted token 1\n"
         "0 B submit b k/2:s lease 1000 meta note\n"
         "    b granted token 2, expires in 1000\n"
         "0 C submit c k:x wait 500 payload todo lease 0\n"
         "    c waiting ahead 2 (a, b), times out in 500\n"
         "0 D submit d k/2:s\n"
         "    d waiting ahead 1 (c)\n"
         "0 E submit e /:s j:x\n"
         "    e waiting ahead 2 (a, c)\n"
         "1 E cancel e why bored\n"
         "    e cancelled\n"
         "2 restart\n"
         "3 list\n"
         "    1 a granted, 2 b granted, 3 c waiting, 4 d waiting, 5 e ended\n"
         "4 ahead c\n"
         "    2 ahead: a k:s, b k/2:s\n"
         "4 ahead d\n"
         "    1 ahead: c k:x\n"
         "5 keys a\n"
         "    k:s k/1:x\n"
         "6 A release a\n"
         "    a released\n"
         "7 B release b token 2\n"
         "    b released\n"
         "    c granted token 3\n"
         "8 C release c token 3\n"
         "    c released\n"
         "    d granted token 4\n");
}

STORY(waiters_keep_their_order)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 C submit c k:x\n"
         "    c waiting ahead 1 (a)\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 2 (a, c)\n"
         "1 restart\n"
         "2 D submit d k:x\n"
         "    d waiting ahead 3 (a, c, b)\n"
         "3 A release a\n"
         "    a released\n"
         "    c granted token 2\n"
         "4 restart\n"
         "5 C release c\n"
         "    c released\n"
         "    b granted token 3\n");
}

STORY(readers_do_not_slip_past_a_writer_through_a_restart)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c waiting ahead 1 (b)\n"
         "1 restart\n"
         "2 ahead c\n"
         "    1 ahead: b k:x\n"
         "3 D submit d k:s\n"
         "    d waiting ahead 1 (b)\n");
}

/* The release reached the disk, the grants of its step did not. */
STORY(a_grant_that_was_not_stored_is_the_first_new_step)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:s\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:s\n"
         "    c waiting ahead 1 (a)\n"
         "0 D submit d k:x\n"
         "    d waiting ahead 3 (a, b, c)\n"
         "1 restart without a\n"
         "    b granted token 2\n"
         "    c granted token 3\n"
         "2 B release b\n"
         "    b released\n"
         "3 C release c\n"
         "    c released\n"
         "    d granted token 4\n");
}

STORY(an_ungranted_record_is_granted_again_with_a_higher_token)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 restart ungranted a\n"
         "    a granted token 1\n"
         "2 A release a token 1\n"
         "    a released\n");
}

STORY(waiting_times_start_afresh)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x wait 100\n"
         "    b waiting ahead 1 (a), times out in 100\n"
         "90 restart\n"
         "100 tick\n"
         "189 tick\n"
         "190 tick\n"
         "    b timeout\n");
}

STORY(leases_start_afresh)
{
    play("0 A submit a k1:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 B submit b k2:x lease 0\n"
         "    b granted token 2\n"
         "0 C submit c k3:x lease 100\n"
         "    c granted token 3, expires in 100\n"
         "50 C renew c token 3 lease 1000\n"
         "    c renewed, expires in 1000\n"
         "90 restart\n"
         "189 tick\n"
         "190 tick\n"
         "    a expired\n"
         "1089 tick\n"
         "1090 tick\n"
         "    c expired\n");
}

STORY(a_claimed_lease_and_the_time_for_claiming_start_afresh)
{
    play(
        "0 A submit a k1:x lease 100 claim_in 50 payload todo\n"
        "    a granted token 1, expires in 50\n"
        "0 B submit b k2:x lease 100 claim_in 50 payload todo\n"
        "    b granted token 2, expires in 50\n"
        "0 C submit c k3:x lease 100 payload todo\n"
        "    c granted token 3\n"
        "10 D claim a\n"
        "    a claimed, expires in 100 payload todo\n"
        "40 restart\n"
        "41 show a\n"
        "    a granted token 1, expires in 99, ticket 1, of A, claimed by D, 1 exclusive, 0 shared "
        "payload todo\n"
        "41 show b\n"
        "    b granted token 2, expires in 49, ticket 2, of B, 1 exclusive, 0 shared payload todo\n"
        "41 show c\n"
        "    c granted token 3, ticket 3, of C, 1 exclusive, 0 shared payload todo\n"
        "90 tick\n"
        "    b expired\n"
        "140 tick\n"
        "    a expired\n");
}

STORY(tickets_are_not_given_again)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "1 A submit - k2:x\n"
         "    2 granted token 2\n"
         "2 restart\n"
         "3 A submit - k3:x\n"
         "    3 granted token 3\n"
         "4 list\n"
         "    1 a granted, 2 2 granted, 3 3 granted\n");
}

STORY(the_ticket_of_a_forgotten_operation_is_not_given_again)
{
    play("0 limit remembered 0\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "1 A submit b k2:x\n"
         "    b granted token 2\n"
         "2 A release b\n"
         "    b released\n"
         "    b forgotten\n"
         "3 restart\n"
         "4 A submit - k3:x\n"
         "    3 granted token 3\n");
}

STORY(a_session_owns_after_a_restart_what_it_owned_before)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 A submit b k1:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k2:x lease 0\n"
         "    c granted token 2\n"
         "0 A claim c\n"
         "    c claimed\n"
         "1 restart\n"
         "2 owns A\n"
         "    3\n"
         "2 owns C\n"
         "    1\n"
         "3 A ends\n"
         "    a lost\n"
         "    b lost\n"
         "4 owns A\n"
         "    1\n");
}

STORY(a_limit_counts_what_was_recovered)
{
    play("0 limit live_ops 2\n"
         "0 limit live_bytes 4\n"
         "0 A submit a k1:x meta note\n"
         "    a granted token 1\n"
         "1 restart\n"
         "2 stats granted live_bytes namespaces\n"
         "    granted 1 live_bytes 4 namespaces 1\n"
         "3 B submit b k2:x meta n\n"
         "    error over_limit live_bytes 4\n"
         "4 B submit b k2:x\n"
         "    b granted token 2\n"
         "5 B submit c k3:x\n"
         "    error over_limit live_ops 2\n");
}

STORY(a_grant_that_collides_with_another_is_refused)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k/1:s\n"
         "    b waiting ahead 1 (a)\n"
         "1 restart granted b\n"
         "    damaged\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(a_doubled_id_is_refused)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "1 restart doubled a\n"
         "    damaged\n");
}

STORY(tickets_out_of_order_are_refused)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x\n"
         "    b granted token 2\n"
         "1 restart reversed\n"
         "    damaged\n");
}

STORY(an_empty_store_is_an_empty_core)
{
    play("0 restart\n"
         "1 list\n"
         "    nothing\n"
         "2 A submit a k:x\n"
         "    a granted token 1\n");
}

STORY(the_seq_goes_on_where_it_stood)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 stats seq\n"
         "    seq 3\n"
         "2 restart\n"
         "3 stats seq\n"
         "    seq 3\n"
         "4 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "5 stats seq\n"
         "    seq 5\n");
}

STORY(namespaces_come_back_apart)
{
    play("0 A submit a k:x in one\n"
         "    a granted token 1\n"
         "0 B submit a k:x in two\n"
         "    a granted token 2\n"
         "1 restart\n"
         "2 namespaces\n"
         "    one 1 two 1\n"
         "3 C submit c k:x in one\n"
         "    c waiting ahead 1 (a)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_stands_as_before_after_a_restart),
        cmocka_unit_test(waiters_keep_their_order),
        cmocka_unit_test(readers_do_not_slip_past_a_writer_through_a_restart),
        cmocka_unit_test(a_grant_that_was_not_stored_is_the_first_new_step),
        cmocka_unit_test(an_ungranted_record_is_granted_again_with_a_higher_token),
        cmocka_unit_test(waiting_times_start_afresh),
        cmocka_unit_test(leases_start_afresh),
        cmocka_unit_test(a_claimed_lease_and_the_time_for_claiming_start_afresh),
        cmocka_unit_test(tickets_are_not_given_again),
        cmocka_unit_test(the_ticket_of_a_forgotten_operation_is_not_given_again),
        cmocka_unit_test(a_session_owns_after_a_restart_what_it_owned_before),
        cmocka_unit_test(a_limit_counts_what_was_recovered),
        cmocka_unit_test(a_grant_that_collides_with_another_is_refused),
        cmocka_unit_test(a_doubled_id_is_refused),
        cmocka_unit_test(tickets_out_of_order_are_refused),
        cmocka_unit_test(an_empty_store_is_an_empty_core),
        cmocka_unit_test(the_seq_goes_on_where_it_stood),
        cmocka_unit_test(namespaces_come_back_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
