/*
 * More and less: a granted operation takes keys, or gives some back.
 */
#include "play.h"

STORY(extend_adds_keys_and_never_waits)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B submit b b:x\n"
         "    b granted token 2\n"
         "2 A extend a c:x d:s\n"
         "    a extended\n"
         "3 A keys a\n"
         "    a:x c:x d:s\n"
         "4 A extend a e:x b:s\n"
         "    a extension refused ahead 1 (b)\n"
         "5 A keys a\n"
         "    a:x c:x d:s\n"
         "6 B submit behind c:x\n"
         "    behind waiting ahead 1 (a)\n"
         "7 A release a\n"
         "    a released\n"
         "    behind granted token 3\n");
}

STORY(extend_is_idempotent_and_needs_the_token_or_the_session)
{
    play("0 A submit a a:x lease 1000\n"
         "    a granted token 1, expires in 1000\n"
         "1 A extend a b:x\n"
         "    error not_owner\n"
         "2 B extend a b:x token 2\n"
         "    error wrong_token\n"
         "3 B extend a b:x token 1\n"
         "    a extended, expires in 997\n"
         "4 B extend a b:x token 1\n"
         "    a again: granted token 1, expires in 996\n"
         "5 B extend a a/1:x b/2:s token 1\n"
         "    a again: granted token 1, expires in 995\n"
         "6 B extend nobody a:x token 1\n"
         "    error not_found\n"
         "7 C submit w a:x\n"
         "    w waiting ahead 1 (a)\n"
         "8 C extend w b:x\n"
         "    error not_granted\n");
}

STORY(extend_raises_a_mode_and_a_key_above)
{
    play("0 A submit a a:s\n"
         "    a granted token 1\n"
         "1 B submit b a:s\n"
         "    b granted token 2\n"
         "2 A extend a a:x\n"
         "    a extension refused ahead 1 (b)\n"
         "3 B release b\n"
         "    b released\n"
         "4 A extend a a:x\n"
         "    a extended\n"
         "5 B submit e a:s\n"
         "    e waiting ahead 1 (a)\n"
         "6 A submit c b/1:x\n"
         "    c granted token 3\n"
         "7 A extend c b:x\n"
         "    c extended\n"
         "8 A keys c\n"
         "    b:x\n"
         "9 B submit d b/2:s\n"
         "    d waiting ahead 1 (c)\n");
}

STORY(extend_passes_those_who_wait_and_they_wait_for_it_then)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B submit b a:x b:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c b:x\n"
         "    c waiting ahead 1 (b)\n"
         "3 A extend a b:x\n"
         "    a extended\n"
         "4 C ahead c\n"
         "    2 ahead: a b:x, b b:x\n"
         "5 B cancel b\n"
         "    b cancelled\n"
         "6 A release a b:x\n"
         "    a keeps the rest\n"
         "    c granted token 2\n");
}

STORY(extend_is_refused_by_a_waiting_child)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 B submit holder b:s\n"
         "    holder granted token 2\n"
         "2 A submit child b:x parent task\n"
         "    child waiting ahead 1 (holder)\n"
         "3 C submit other c:x\n"
         "    other granted token 3\n"
         "4 C extend other b:s\n"
         "    other extension refused ahead 1 (child)\n"
         "5 B release holder\n"
         "    holder released\n"
         "    child granted token 4\n");
}

STORY(a_child_extends_over_the_keys_of_its_parent)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 A submit child b:x parent task\n"
         "    child granted token 2\n"
         "2 A extend child a/1:x\n"
         "    child extended\n"
         "3 A submit twin a/1:s parent task\n"
         "    twin waiting ahead 1 (child)\n"
         "4 A extend task b:s\n"
         "    task extension refused ahead 1 (child)\n");
}

STORY(a_parent_extends_beside_its_children)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 A submit child a/1:x parent task\n"
         "    child granted token 2\n"
         "2 A submit waits a/1:x parent task\n"
         "    waits waiting ahead 1 (child)\n"
         "3 A extend task b:x\n"
         "    task extended\n"
         "4 A release task b:x\n"
         "    task keeps the rest\n"
         "5 A release task a:x\n"
         "    error children_active\n"
         "6 A extend task b:s c:x\n"
         "    task extended\n"
         "7 A release task a:x\n"
         "    task keeps the rest\n"
         "8 B submit other a:x\n"
         "    other waiting ahead 2 (child, waits)\n"
         "9 A release child\n"
         "    child released\n"
         "    waits granted token 3\n");
}

STORY(a_parent_takes_nothing_that_a_child_holds_whole)
{
    play("0 A submit task a/1:x\n"
         "    task granted token 1\n"
         "1 A submit child a:x parent task\n"
         "    child granted token 2\n"
         "2 A extend task a/2:s\n"
         "    task extension refused ahead 1 (child)\n"
         "3 A extend task b:s\n"
         "    task extended\n");
}

STORY(who_stands_beside_what_it_has_keeps_no_extension)
{
    play("0 A submit top /:x\n"
         "    top granted token 1\n"
         "0 A submit task /:s parent top\n"
         "    task granted token 2\n"
         "1 A submit child a/1:x parent task\n"
         "    child granted token 3\n"
         "2 A submit other /:x parent top\n"
         "    other waiting ahead 2 (task, child)\n"
         "3 A extend task b/1:x\n"
         "    task extension refused ahead 1 (other)\n");
}

STORY(giving_keys_back_lowers_those_above_to_what_the_rest_needs)
{
    play("0 A submit a a/1:x a/2:s b:x\n"
         "    a granted token 1\n"
         "1 B submit b a:s\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c b:x\n"
         "    c waiting ahead 1 (a)\n"
         "3 A release a a/1:x nobody:x\n"
         "    a keeps the rest\n"
         "    b granted token 2\n"
         "4 A keys a\n"
         "    a/2:s b:x\n"
         "5 A release a a/1:x\n"
         "    a again: granted token 1\n"
         "6 A release a b:x\n"
         "    a keeps the rest\n"
         "    c granted token 3\n"
         "7 A release a a/2:x\n"
         "    a released\n");
}

STORY(a_mode_that_is_lowered_frees_a_waiting_child)
{
    play("0 A submit a k:s k/1:x\n"
         "    a granted token 1\n"
         "1 B submit task t:x\n"
         "    task granted token 2\n"
         "2 B submit child k/2:x parent task\n"
         "    child waiting ahead 1 (a)\n"
         "3 A release a k:x\n"
         "    a keeps the rest\n"
         "    child granted token 3\n");
}

STORY(keys_are_given_back_by_their_names_whatever_stands_above)
{
    play("0 A submit a a:s a/1:x a/2:x\n"
         "    a granted token 1\n"
         "1 A release a a:x a/1:x\n"
         "    a keeps the rest\n"
         "2 A keys a\n"
         "    a/2:x\n"
         "3 B submit b a/3:x\n"
         "    b granted token 2\n"
         "4 B submit c a:s\n"
         "    c waiting ahead 2 (a, b)\n");
}

STORY(holders_stand_by_grant_also_one_that_came_by_extension)
{
    play("0 A submit a a:s\n"
         "    a granted token 1\n"
         "1 B submit b k:s\n"
         "    b granted token 2\n"
         "2 C submit c k:s\n"
         "    c granted token 3\n"
         "3 A extend a k:s\n"
         "    a extended\n"
         "4 D submit d k:x\n"
         "    d waiting ahead 3 (a, b, c)\n"
         "5 restart\n"
         "6 D ahead d\n"
         "    3 ahead: a k:s, b k:s, c k:s\n"
         "7 A extend a k:x\n"
         "    a extension refused ahead 2 (b, c)\n");
}

STORY(an_extension_has_the_limits_of_a_submit)
{
    play("0 limit keys 3\n"
         "0 limit live_claims 8\n"
         "0 A submit a a:x b:x\n"
         "    a granted token 1\n"
         "1 A extend a c:x d:x\n"
         "    error over_limit keys 3\n"
         "2 A extend a c:x\n"
         "    a extended\n"
         "3 B submit b x:x\n"
         "    b granted token 2\n"
         "4 B extend b y/1/2:x\n"
         "    error over_limit live_claims 8\n"
         "5 stats claims\n"
         "    claims 6\n"
         "6 B extend b y:x\n"
         "    b extended\n"
         "7 stats claims keys\n"
         "    claims 7 keys 6\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extend_adds_keys_and_never_waits),
        cmocka_unit_test(extend_is_idempotent_and_needs_the_token_or_the_session),
        cmocka_unit_test(extend_raises_a_mode_and_a_key_above),
        cmocka_unit_test(extend_passes_those_who_wait_and_they_wait_for_it_then),
        cmocka_unit_test(extend_is_refused_by_a_waiting_child),
        cmocka_unit_test(who_stands_beside_what_it_has_keeps_no_extension),
        cmocka_unit_test(a_child_extends_over_the_keys_of_its_parent),
        cmocka_unit_test(a_parent_extends_beside_its_children),
        cmocka_unit_test(a_parent_takes_nothing_that_a_child_holds_whole),
        cmocka_unit_test(giving_keys_back_lowers_those_above_to_what_the_rest_needs),
        cmocka_unit_test(a_mode_that_is_lowered_frees_a_waiting_child),
        cmocka_unit_test(keys_are_given_back_by_their_names_whatever_stands_above),
        cmocka_unit_test(holders_stand_by_grant_also_one_that_came_by_extension),
        cmocka_unit_test(an_extension_has_the_limits_of_a_submit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
