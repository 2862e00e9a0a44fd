/*
 * Giving back: with the token, or by the owning session.
 */
#include "play.h"

STORY(the_owning_session_releases_without_a_token)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n");
}

STORY(whoever_knows_the_token_releases)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x lease 0\n"
         "    b granted token 2\n"
         "1 C release a token 1\n"
         "    a released\n"
         "1 C release b token 2\n"
         "    b released\n");
}

STORY(another_session_needs_the_token)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B release a\n"
         "    error not_owner\n");
}

STORY(a_detached_operation_is_released_by_its_token_alone)
{
    play("0 A submit a k:x lease 0\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    error not_owner\n"
         "2 A release a token 1\n"
         "    a released\n"
         "3 A release a\n"
         "    error not_owner\n");
}

STORY(a_wrong_token_releases_nothing)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x\n"
         "    b granted token 2\n"
         "1 A release a token 2\n"
         "    error wrong_token\n"
         "1 A release a token 99\n"
         "    error wrong_token\n"
         "2 check k\n"
         "    held by a k:x, holders 1, waiting 0\n");
}

STORY(what_waits_is_not_released)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 B release b\n"
         "    error not_granted\n"
         "1 B release b token 1\n"
         "    error wrong_token\n");
}

STORY(a_release_said_again_gets_the_same_answer)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k2:x lease 0\n"
         "    b granted token 2\n"
         "1 A release a outcome fine\n"
         "    a released\n"
         "1 C release b token 2\n"
         "    b released\n"
         "2 A release a outcome other\n"
         "    a again: released\n"
         "2 A release a token 1\n"
         "    a again: released\n"
         "2 B release b token 2\n"
         "    b again: released\n"
         "3 show a\n"
         "    a released, ticket 1, of A, 0 exclusive, 0 shared outcome fine\n"
         "4 restart\n"
         "5 A release a\n"
         "    a again: released\n"
         "5 D release b token 2\n"
         "    b again: released\n"
         "5 D release b token 1\n"
         "    error wrong_token\n");
}

STORY(what_ended_otherwise_is_not_released)
{
    play("0 A submit a k:x lease 10\n"
         "    a granted token 1, expires in 10\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 B cancel b\n"
         "    b cancelled\n"
         "2 B release b\n"
         "    error not_granted\n"
         "10 tick\n"
         "    a expired\n"
         "11 A release a token 1\n"
         "    error not_granted\n");
}

STORY(a_late_release_with_an_old_token_touches_nothing)
{
    play("0 A submit a k:x lease 10\n"
         "    a granted token 1, expires in 10\n"
         "0 B submit b k:x lease 0\n"
         "    b waiting ahead 1 (a)\n"
         "10 tick\n"
         "    a expired\n"
         "    b granted token 2\n"
         "11 A release a token 1\n"
         "    error not_granted\n"
         "11 A release b token 1\n"
         "    error wrong_token\n"
         "12 check k\n"
         "    held by b k:x, holders 1, waiting 0\n");
}

STORY(nobody_releases_what_is_not_there)
{
    play("0 A release a\n"
         "    error not_found\n"
         "1 A submit a k:x\n"
         "    a granted token 1\n"
         "2 A release a in other\n"
         "    error not_found\n"
         "3 A release aa\n"
         "    error not_found\n");
}

STORY(a_release_gives_back_every_key)
{
    play("0 A submit a k1:x k2/3:x k2/4:s k5/6/7:s\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n"
         "2 check /\n"
         "    free\n"
         "3 stats claims keys namespaces\n"
         "    claims 0 keys 0 namespaces 0\n");
}

STORY(releasing_one_reader_leaves_the_other_one_holding)
{
    play("0 A submit a k/1:s\n"
         "    a granted token 1\n"
         "0 B submit b k/1:s\n"
         "    b granted token 2\n"
         "1 A release a\n"
         "    a released\n"
         "2 check k/1\n"
         "    held by b k/1:s, holders 1, waiting 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owning_session_releases_without_a_token),
        cmocka_unit_test(whoever_knows_the_token_releases),
        cmocka_unit_test(another_session_needs_the_token),
        cmocka_unit_test(a_detached_operation_is_released_by_its_token_alone),
        cmocka_unit_test(a_wrong_token_releases_nothing),
        cmocka_unit_test(what_waits_is_not_released),
        cmocka_unit_test(a_release_said_again_gets_the_same_answer),
        cmocka_unit_test(what_ended_otherwise_is_not_released),
        cmocka_unit_test(a_late_release_with_an_old_token_touches_nothing),
        cmocka_unit_test(nobody_releases_what_is_not_there),
        cmocka_unit_test(a_release_gives_back_every_key),
        cmocka_unit_test(releasing_one_reader_leaves_the_other_one_holding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
