/*
 * What has ended is remembered for a while.
 */
#include "play.h"

STORY(an_ended_operation_is_remembered_without_its_keys)
{
    play("0 A submit a k1:x k2:s who anna why saving meta note\n"
         "    a granted token 1\n"
         "1 show a\n"
         "    a granted token 1, ticket 1, of A, 1 exclusive, 1 shared who anna why saving meta "
         "note\n"
         "2 A release a outcome fine\n"
         "    a released\n"
         "3 show a\n"
         "    a released, ticket 1, of A, 0 exclusive, 0 shared who anna why saving outcome fine\n"
         "4 keys a\n"
         "    none\n");
}

STORY(the_oldest_ended_one_is_forgotten_first)
{
    play("0 limit remembered 2\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 A submit b k2:x\n"
         "    b granted token 2\n"
         "0 A submit c k3:x\n"
         "    c granted token 3\n"
         "1 A release b\n"
         "    b released\n"
         "2 A release a\n"
         "    a released\n"
         "3 A release c\n"
         "    c released\n"
         "    b forgotten\n"
         "4 list\n"
         "    1 a ended, 3 c ended\n"
         "5 A release b\n"
         "    error not_found\n");
}

STORY(what_ended_long_ago_is_forgotten_at_a_tick)
{
    play("0 limit remembered_ms 1000\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 A submit b k2:x\n"
         "    b granted token 2\n"
         "10 A release a\n"
         "    a released\n"
         "20 A release b\n"
         "    b released\n"
         "900 tick\n"
         "1015 tick\n"
         "    a forgotten\n"
         "2000 tick\n"
         "    b forgotten\n"
         "2001 list\n"
         "    nothing\n");
}

STORY(the_next_deadline_covers_the_history)
{
    play("0 limit remembered_ms 1000\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "1 due 9000000\n"
         "    no\n"
         "10 A release a\n"
         "    a released\n"
         "11 due 1011\n"
         "    yes\n"
         "1011 tick\n"
         "    a forgotten\n"
         "1012 due 9000000\n"
         "    no\n");
}

STORY(what_is_live_is_never_forgotten)
{
    play("0 limit remembered 1\n"
         "0 limit remembered_ms 1000\n"
         "0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "5000 tick\n"
         "5001 list\n"
         "    1 a granted, 2 b waiting\n");
}

STORY(a_forgotten_id_is_free_again)
{
    play("0 limit remembered 1\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n"
         "2 A submit b k1:x\n"
         "    b granted token 2\n"
         "3 A release b\n"
         "    b released\n"
         "    a forgotten\n"
         "4 B submit a k2:s\n"
         "    a granted token 3\n");
}

STORY(the_history_counts_all_namespaces)
{
    play("0 limit remembered 1\n"
         "0 A submit a k:x in one\n"
         "    a granted token 1\n"
         "1 A release a in one\n"
         "    a released\n"
         "2 A submit b k:x in two\n"
         "    b granted token 2\n"
         "3 A release b in two\n"
         "    b released\n"
         "    a forgotten\n");
}

STORY(a_forgotten_namespace_can_be_made_again)
{
    play("0 limit remembered 0\n"
         "0 limit namespaces 1\n"
         "0 A submit a k:x in one\n"
         "    a granted token 1\n"
         "1 A release a in one\n"
         "    a released\n"
         "    a forgotten\n"
         "2 B submit b k:x in two\n"
         "    b granted token 2\n"
         "3 B release b in two\n"
         "    b released\n"
         "    b forgotten\n"
         "4 A submit a k:x in one\n"
         "    a granted token 3\n"
         "5 A release a in one\n"
         "    a released\n"
         "    a forgotten\n"
         "6 A submit a k:s k/1:x in one\n"
         "    a granted token 4\n"
         "7 namespaces\n"
         "    one 1\n"
         "7 check k/2 in one\n"
         "    held by a k:s, holders 1, waiting 0\n");
}

STORY(many_ends_in_one_step_forget_as_many)
{
    play("0 limit remembered 2\n"
         "0 B submit b k9:x\n"
         "    b granted token 1\n"
         "0 B release b\n"
         "    b released\n"
         "1 A crowd a 5 k:s\n"
         "    5 granted, 0 waiting\n"
         "2 A ends\n"
         "    a1 lost\n"
         "    a2 lost\n"
         "    a3 lost\n"
         "    a4 lost\n"
         "    a5 lost\n"
         "    b forgotten\n"
         "    a1 forgotten\n"
         "    a2 forgotten\n"
         "    a3 forgotten\n"
         "3 list\n"
         "    5 a4 ended, 6 a5 ended\n");
}

STORY(after_a_restart_the_oldest_ended_one_is_still_forgotten_first)
{
    play("0 limit remembered 2\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 A submit b k2:x\n"
         "    b granted token 2\n"
         "0 A submit c k3:x\n"
         "    c granted token 3\n"
         "1 A release b\n"
         "    b released\n"
         "2 A release a\n"
         "    a released\n"
         "3 restart\n"
         "4 A release c\n"
         "    c released\n"
         "    b forgotten\n");
}

STORY(a_restart_does_not_make_the_history_younger)
{
    play("0 limit remembered_ms 1000\n"
         "0 A submit a k1:x\n"
         "    a granted token 1\n"
         "10 A release a\n"
         "    a released\n"
         "800 restart\n"
         "1011 tick\n"
         "    a forgotten\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ended_operation_is_remembered_without_its_keys),
        cmocka_unit_test(the_oldest_ended_one_is_forgotten_first),
        cmocka_unit_test(what_ended_long_ago_is_forgotten_at_a_tick),
        cmocka_unit_test(the_next_deadline_covers_the_history),
        cmocka_unit_test(what_is_live_is_never_forgotten),
        cmocka_unit_test(a_forgotten_id_is_free_again),
        cmocka_unit_test(the_history_counts_all_namespaces),
        cmocka_unit_test(a_forgotten_namespace_can_be_made_again),
        cmocka_unit_test(many_ends_in_one_step_forget_as_many),
        cmocka_unit_test(after_a_restart_the_oldest_ended_one_is_still_forgotten_first),
        cmocka_unit_test(a_restart_does_not_make_the_history_younger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
