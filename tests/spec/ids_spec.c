/*
 * An id names one attempt: the same content again is the same operation, other content is refused.
 */
#include "play.h"

STORY(the_same_submit_again_finds_its_place_in_the_line)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "1 B submit b k:x\n"
         "    b again: waiting ahead 1 (a)\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "3 B submit b k:x\n"
         "    b again: granted token 2\n");
}

STORY(the_same_submit_after_its_end_tells_the_end)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:x wait 10\n"
         "    c waiting ahead 2 (a, b), times out in 10\n"
         "0 D submit d k2:x lease 10\n"
         "    d granted token 2, expires in 10\n"
         "1 B cancel b\n"
         "    b cancelled\n"
         "10 tick\n"
         "    c timeout\n"
         "    d expired\n"
         "11 A release a\n"
         "    a released\n"
         "12 A submit a k:x\n"
         "    a again: released\n"
         "12 B submit b k:x\n"
         "    b again: cancelled\n"
         "12 C submit c k:x wait 10\n"
         "    c again: timeout\n"
         "12 D submit d k2:x lease 10\n"
         "    d again: expired\n"
         "13 check k\n"
         "    free\n");
}

STORY(the_same_submit_after_a_restart_is_the_same_operation)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k/2:s k/1:x k/1/1:s\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:x lease 1000 claim_in 50 payload todo\n"
         "    c waiting ahead 2 (a, b)\n"
         "0 D submit d other:x\n"
         "    d granted token 2\n"
         "1 D release d\n"
         "    d released\n"
         "2 restart\n"
         "3 A submit a k:x\n"
         "    a again: granted token 1\n"
         "3 B submit b k/1:x k/2:s\n"
         "    b again: waiting ahead 1 (a)\n"
         "3 C submit c k:x lease 1000 claim_in 50 payload todo\n"
         "    c again: waiting ahead 2 (a, b)\n"
         "3 D submit d other:x\n"
         "    d again: released\n"
         "4 D submit d k9:x\n"
         "    error op_reused\n");
}

STORY(the_order_of_the_keys_and_doubles_do_not_matter)
{
    play("0 A submit a k1:x k2:s k3:x\n"
         "    a granted token 1\n"
         "1 A submit a k3:x k1:s k2:s k1:x k2:s\n"
         "    a again: granted token 1\n");
}

STORY(a_key_that_adds_nothing_does_not_matter)
{
    play("0 A submit a k:s k/1:x\n"
         "    a granted token 1\n"
         "1 A submit a k:s k/1:x k/2:s k/1/5:x k/1/6:s\n"
         "    a again: granted token 1\n");
}

STORY(other_keys_are_other_content)
{
    play("0 A submit a k1:x k2:s\n"
         "    a granted token 1\n"
         "1 A submit a k1:x\n"
         "    error op_reused\n"
         "1 A submit a k1:x k2:s k3:s\n"
         "    error op_reused\n"
         "1 A submit a k1:x k3:s\n"
         "    error op_reused\n"
         "1 A submit a k1:x k2:x\n"
         "    error op_reused\n"
         "1 A submit a k1:s k2:x\n"
         "    error op_reused\n"
         "1 A submit a k1k2:x\n"
         "    error op_reused\n");
}

STORY(the_root_is_not_the_same_content_as_another_key)
{
    play("0 A submit a /:x\n"
         "    a granted token 1\n"
         "1 A submit a k:x\n"
         "    error op_reused\n"
         "1 A submit a /:s\n"
         "    error op_reused\n"
         "1 A submit a /:x k:x\n"
         "    a again: granted token 1\n");
}

STORY(another_lease_is_other_content)
{
    play("0 A submit a k1:x lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "0 A submit b k2:x\n"
         "    b granted token 2\n"
         "0 A submit c k3:x lease 0\n"
         "    c granted token 3\n"
         "1 A submit a k1:x lease 2000\n"
         "    error op_reused\n"
         "1 A submit a k1:x lease 0\n"
         "    error op_reused\n"
         "1 A submit a k1:x\n"
         "    error op_reused\n"
         "1 A submit b k2:x lease 0\n"
         "    error op_reused\n"
         "1 A submit c k3:x\n"
         "    error op_reused\n");
}

STORY(another_claim_in_is_other_content)
{
    play("0 A submit a k:x lease 1000 claim_in 50\n"
         "    a granted token 1, expires in 50\n"
         "1 A submit a k:x lease 1000 claim_in 51\n"
         "    error op_reused\n"
         "1 A submit a k:x lease 1000\n"
         "    error op_reused\n");
}

STORY(another_payload_is_other_content)
{
    play("0 A submit a k1:x lease 1000 payload one\n"
         "    a granted token 1\n"
         "0 A submit b k2:x lease 1000\n"
         "    b granted token 2, expires in 1000\n"
         "1 A submit a k1:x lease 1000 payload two\n"
         "    error op_reused\n"
         "1 A submit a k1:x lease 1000\n"
         "    error op_reused\n"
         "1 A submit b k2:x lease 1000 payload one\n"
         "    error op_reused\n");
}

STORY(who_why_meta_and_wait_are_ignored_on_a_repeat)
{
    play("0 A submit a k:x who anna why saving meta one\n"
         "    a granted token 1\n"
         "0 B submit b k:x wait 100\n"
         "    b waiting ahead 1 (a), times out in 100\n"
         "1 A submit a k:x who bert why other meta two wait 5\n"
         "    a again: granted token 1\n"
         "2 show a\n"
         "    a granted token 1, ticket 1, of A, 1 exclusive, 0 shared who anna why saving meta "
         "one\n"
         "3 B submit b k:x wait 5000\n"
         "    b again: waiting ahead 1 (a), times out in 97\n"
         "4 B submit b k:x wait 0\n"
         "    b again: waiting ahead 1 (a), times out in 96\n"
         "5 B submit b k:x\n"
         "    b again: waiting ahead 1 (a), times out in 95\n");
}

STORY(a_lease_that_was_renewed_otherwise_is_still_the_same_content)
{
    play("0 A submit a k:x lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "1 A renew a token 1 lease 5000\n"
         "    a renewed, expires in 5000\n"
         "2 A submit a k:x lease 1000\n"
         "    a again: granted token 1, expires in 4999\n"
         "3 A submit a k:x lease 5000\n"
         "    error op_reused\n"
         "4 restart\n"
         "5 A submit a k:x lease 1000\n"
         "    a again: granted token 1, expires in 4999\n");
}

STORY(a_session_tied_operation_answers_only_its_own_session)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B submit a k:x\n"
         "    error not_owner\n"
         "2 A ends\n"
         "    a lost\n"
         "3 B submit a k:x\n"
         "    error not_owner\n");
}

STORY(a_detached_operation_answers_every_session)
{
    play("0 A submit a k:x lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "1 B submit a k:x lease 1000\n"
         "    a again: granted token 1, expires in 999\n"
         "2 show a\n"
         "    a granted token 1, expires in 998, ticket 1, of A, 1 exclusive, 0 shared\n");
}

STORY(the_id_of_a_remembered_operation_stays_taken)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n"
         "2 A submit a k2:x\n"
         "    error op_reused\n");
}

STORY(the_id_of_a_refused_submit_stays_free)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B submit b k:x wait 0\n"
         "    b refused ahead 1 (a)\n"
         "2 C submit b k2:x\n"
         "    b granted token 2\n");
}

STORY(without_an_id_the_ticket_names_the_operation)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "1 A submit - k2:x\n"
         "    2 granted token 2\n"
         "2 A submit - k2:x\n"
         "    3 waiting ahead 1 (2)\n"
         "3 A release 2\n"
         "    2 released\n"
         "    3 granted token 3\n");
}

STORY(the_same_id_in_another_namespace_is_another_operation)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B submit a k:s k2:x in other\n"
         "    a granted token 2\n"
         "2 B release a in other\n"
         "    a released\n"
         "3 A release a in other\n"
         "    error not_owner\n"
         "4 show a\n"
         "    a granted token 1, ticket 1, of A, 1 exclusive, 0 shared\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_submit_again_finds_its_place_in_the_line),
        cmocka_unit_test(the_same_submit_after_its_end_tells_the_end),
        cmocka_unit_test(the_same_submit_after_a_restart_is_the_same_operation),
        cmocka_unit_test(the_order_of_the_keys_and_doubles_do_not_matter),
        cmocka_unit_test(a_key_that_adds_nothing_does_not_matter),
        cmocka_unit_test(other_keys_are_other_content),
        cmocka_unit_test(the_root_is_not_the_same_content_as_another_key),
        cmocka_unit_test(another_lease_is_other_content),
        cmocka_unit_test(another_claim_in_is_other_content),
        cmocka_unit_test(another_payload_is_other_content),
        cmocka_unit_test(who_why_meta_and_wait_are_ignored_on_a_repeat),
        cmocka_unit_test(a_lease_that_was_renewed_otherwise_is_still_the_same_content),
        cmocka_unit_test(a_session_tied_operation_answers_only_its_own_session),
        cmocka_unit_test(a_detached_operation_answers_every_session),
        cmocka_unit_test(the_id_of_a_remembered_operation_stays_taken),
        cmocka_unit_test(the_id_of_a_refused_submit_stays_free),
        cmocka_unit_test(without_an_id_the_ticket_names_the_operation),
        cmocka_unit_test(the_same_id_in_another_namespace_is_another_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
