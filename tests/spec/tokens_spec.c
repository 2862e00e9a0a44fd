/*
 * Fencing tokens: one a grant, always rising. The auditor compares each with the one before.
 */
#include "play.h"

STORY(tokens_rise_in_the_order_of_grants_not_of_arrival)
{
    play("0 A submit a k1:x\n"
         "    a granted token 1\n"
         "0 B submit b k1:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k2:x\n"
         "    c granted token 2\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 3\n");
}

STORY(a_token_is_above_those_of_all_namespaces)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x in other\n"
         "    b granted token 2\n"
         "0 A submit c k2:x\n"
         "    c granted token 3\n");
}

STORY(one_grant_keeps_one_token)
{
    play("0 A submit a k:x lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "1 A renew a token 1\n"
         "    a renewed, expires in 1000\n"
         "2 B claim a\n"
         "    a claimed, expires in 999\n"
         "3 A submit a k:x lease 1000\n"
         "    a again: granted token 1, expires in 998\n"
         "4 restart\n"
         "5 show a\n"
         "    a granted token 1, expires in 999, ticket 1, of A, claimed by B, 1 exclusive, 0 "
         "shared\n");
}

STORY(tokens_rise_across_a_restart)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 restart\n"
         "2 A release a token 1\n"
         "    a released\n"
         "    b granted token 2\n"
         "3 restart\n"
         "4 restart\n"
         "5 C submit c other:x\n"
         "    c granted token 3\n");
}

STORY(each_start_is_an_epoch_of_its_own)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 stats epoch\n"
         "    epoch 7\n"
         "2 restart\n"
         "3 stats epoch\n"
         "    epoch 8\n");
}

STORY(what_was_never_granted_has_no_token)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 B cancel b\n"
         "    b cancelled\n"
         "1 A release b token 1\n"
         "    error wrong_token\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_rise_in_the_order_of_grants_not_of_arrival),
        cmocka_unit_test(a_token_is_above_those_of_all_namespaces),
        cmocka_unit_test(one_grant_keeps_one_token),
        cmocka_unit_test(tokens_rise_across_a_restart),
        cmocka_unit_test(each_start_is_an_epoch_of_its_own),
        cmocka_unit_test(what_was_never_granted_has_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
