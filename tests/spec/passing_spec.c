/*
 * Passing, killing, ties, and the limit of a hold.
 */
#include "play.h"

STORY(who_passes_ignores_those_who_wait_but_not_those_who_hold)
{
    play("0 A submit bulk t/1..3:x\n"
         "    bulk granted token 1\n"
         "1 B submit night t/1..9:x\n"
         "    night waiting ahead 1 (bulk)\n"
         "2 C submit row t/9:x max_hold 1000 pass\n"
         "    row granted token 2, expires in 1000\n"
         "3 C submit no t/2:x max_hold 1000 pass\n"
         "    no refused ahead 1 (bulk)\n"
         "4 A release bulk\n"
         "    bulk released\n"
         "5 B ahead night\n"
         "    1 ahead: row t/9:x\n"
         "6 C release row\n"
         "    row released\n"
         "    night granted token 3\n");
}

STORY(nobody_is_passed_more_than_sixteen_times)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B submit b a:x b:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C crowd c 16 b:s max_hold 1000 pass\n"
         "    16 granted, 0 waiting\n"
         "3 C submit more b:s max_hold 1000 pass\n"
         "    more refused ahead 1 (b)\n"
         "4 C submit other c:x max_hold 1000 pass\n"
         "    other granted token 18, expires in 1000\n");
}

STORY(a_restart_does_not_forget_how_often_somebody_was_passed)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B submit b a:x b:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C crowd c 15 b:s max_hold 1000 pass\n"
         "    15 granted, 0 waiting\n"
         "3 restart\n"
         "3 C submit last b:s max_hold 1000 pass\n"
         "    last granted token 17, expires in 1000\n"
         "3 C submit more b:s max_hold 1000 pass\n"
         "    more refused ahead 1 (b)\n");
}

STORY(who_is_passed_on_two_keys_at_once_is_passed_once)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B submit b a:x b:x c:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C crowd c 16 b:s c:s max_hold 1000 pass\n"
         "    16 granted, 0 waiting\n"
         "3 C submit more c:s max_hold 1000 pass\n"
         "    more refused ahead 1 (b)\n");
}

STORY(a_waiting_child_is_not_passed)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 B submit holder b:s\n"
         "    holder granted token 2\n"
         "2 A submit child b:x parent task\n"
         "    child waiting ahead 1 (holder)\n"
         "3 C submit row b:s max_hold 1000 pass\n"
         "    row refused ahead 1 (child)\n");
}

STORY(kill_ends_who_waits_and_who_holds)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 A submit child b:x parent a\n"
         "    child granted token 2\n"
         "2 B submit b a:x\n"
         "    b waiting ahead 1 (a)\n"
         "3 C submit c a:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "4 C kill b why stuck\n"
         "    b killed\n"
         "5 C kill a\n"
         "    child killed\n"
         "    a killed\n"
         "    c granted token 3\n"
         "6 C kill a\n"
         "    a again: killed\n"
         "7 C release c\n"
         "    c released\n"
         "8 C kill c\n"
         "    error not_granted\n"
         "9 C show b\n"
         "    b killed, ticket 3, of B, 0 exclusive, 0 shared why_ended stuck\n");
}

STORY(a_claim_with_a_tie_lives_and_dies_with_the_session)
{
    play("0 A submit a a:x lease 100 payload w\n"
         "    a granted token 1\n"
         "1 B claim a tie\n"
         "    a claimed payload w\n"
         "2 A ends\n"
         "200 tick\n"
         "201 C release a\n"
         "    error not_owner\n"
         "202 B show a\n"
         "    a granted token 1, ticket 1, of A, tied to B, 1 exclusive, 0 shared payload w\n"
         "203 restart\n"
         "204 B renew a lease 500\n"
         "    error bad_request\n"
         "205 B renew a progress half\n"
         "    a renewed\n"
         "206 B ends\n"
         "    a lost\n");
}

STORY(one_that_is_claimed_may_be_tied_later_by_the_same_session)
{
    play("0 A submit a a:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "1 B claim a\n"
         "    a claimed, expires in 99\n"
         "2 C claim a tie\n"
         "    error already_claimed\n"
         "3 B claim a tie\n"
         "    a claimed\n"
         "4 B claim a tie\n"
         "    a again: granted token 1\n"
         "5 B release a\n"
         "    a released\n");
}

STORY(a_hold_has_a_limit_that_no_renewal_moves)
{
    play("0 A submit a a:x lease 100 max_hold 150\n"
         "    a granted token 1, expires in 100\n"
         "90 A renew a token 1\n"
         "    a renewed, expires in 60\n"
         "150 tick\n"
         "    a expired\n"
         "200 A submit b b:x max_hold 50\n"
         "    b granted token 2, expires in 50\n"
         "249 tick\n"
         "250 tick\n"
         "    b expired\n");
}

STORY(with_a_payload_the_hold_counts_from_the_claim)
{
    play("0 A submit a a:x lease 0 max_hold 50 payload w\n"
         "    a granted token 1\n"
         "100 B claim a tie\n"
         "    a claimed, expires in 50 payload w\n"
         "120 restart\n"
         "169 tick\n"
         "170 tick\n"
         "    a expired\n");
}

STORY(a_child_that_passes_meets_the_patience_of_others_but_not_its_parent)
{
    play("0 A submit task k:x\n"
         "    task granted token 1\n"
         "0 B submit a j:s\n"
         "    a granted token 2\n"
         "0 C submit b j:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 D crowd p 16 j:s max_hold 10 pass\n"
         "    16 granted, 0 waiting\n"
         "2 A submit child k:x j:s parent task max_hold 10 pass\n"
         "    child refused ahead 1 (b)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_passes_ignores_those_who_wait_but_not_those_who_hold),
        cmocka_unit_test(nobody_is_passed_more_than_sixteen_times),
        cmocka_unit_test(a_restart_does_not_forget_how_often_somebody_was_passed),
        cmocka_unit_test(who_is_passed_on_two_keys_at_once_is_passed_once),
        cmocka_unit_test(a_waiting_child_is_not_passed),
        cmocka_unit_test(kill_ends_who_waits_and_who_holds),
        cmocka_unit_test(a_claim_with_a_tie_lives_and_dies_with_the_session),
        cmocka_unit_test(one_that_is_claimed_may_be_tied_later_by_the_same_session),
        cmocka_unit_test(a_hold_has_a_limit_that_no_renewal_moves),
        cmocka_unit_test(with_a_payload_the_hold_counts_from_the_claim),
        cmocka_unit_test(a_child_that_passes_meets_the_patience_of_others_but_not_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
