/*
 * Families: operations that run under a granted one.
 */
#include "play.h"

STORY(a_child_passes_by_its_parent_and_by_nobody_else)
{
    play("0 A submit task a:x b:s\n"
         "    task granted token 1\n"
         "1 A submit save a/1:x parent task\n"
         "    save granted token 2\n"
         "2 B submit other b:x\n"
         "    other waiting ahead 1 (task)\n"
         "3 A submit more b:x parent task\n"
         "    more granted token 3\n"
         "4 A submit twin b:s parent task\n"
         "    twin waiting ahead 1 (more)\n"
         "5 A release more\n"
         "    more released\n"
         "    twin granted token 4\n");
}

STORY(siblings_exclude_one_another)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 A submit one a:x parent task\n"
         "    one granted token 2\n"
         "2 A submit two a/b:x parent task\n"
         "    two waiting ahead 1 (one)\n"
         "3 A submit three a/c:x parent two\n"
         "    error not_granted\n"
         "4 A submit below a/c:x parent one\n"
         "    below granted token 3\n"
         "5 A release below\n"
         "    below released\n"
         "6 A release one\n"
         "    one released\n"
         "    two granted token 4\n");
}

STORY(a_waiting_child_stands_before_all_ordinary_ones_and_behind_holders)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 B submit holder b:s\n"
         "    holder granted token 2\n"
         "2 C submit first b:x\n"
         "    first waiting ahead 1 (holder)\n"
         "3 A submit child b:x parent task\n"
         "    child waiting ahead 1 (holder)\n"
         "4 C ahead first\n"
         "    2 ahead: holder b:s, child b:x\n"
         "5 A check b\n"
         "    held by holder b:s, holders 1, waiting 2\n"
         "6 B release holder\n"
         "    holder released\n"
         "    child granted token 3\n"
         "7 A check b\n"
         "    held by child b:x, holders 1, waiting 1\n"
         "8 A release child\n"
         "    child released\n"
         "    first granted token 4\n");
}

STORY(a_child_that_comes_in_blocks_who_was_free_on_that_key)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 B submit wide b:x a:x\n"
         "    wide waiting ahead 1 (task)\n"
         "2 A submit child b:s parent task\n"
         "    child granted token 2\n"
         "3 B ahead wide\n"
         "    2 ahead: task a:x, child b:s\n"
         "4 A release child\n"
         "    child released\n"
         "5 A release task\n"
         "    task released\n"
         "    wide granted token 3\n");
}

STORY(a_child_may_be_submitted_with_the_token_of_its_parent_or_by_its_session)
{
    play("0 A submit task a:x lease 1000\n"
         "    task granted token 1, expires in 1000\n"
         "1 A submit one a:x parent task\n"
         "    error not_owner\n"
         "2 B submit one a:x parent task parent_token 2\n"
         "    error wrong_token\n"
         "3 B submit one a:x parent task parent_token 1\n"
         "    one granted token 2\n"
         "4 B submit two a:x parent nobody\n"
         "    error not_found\n"
         "5 B show one\n"
         "    one granted token 2, ticket 2, of B, under task, 1 exclusive, 0 shared\n"
         "6 B show task\n"
         "    task granted token 1, expires in 994, ticket 1, of A, 1 children, 1 exclusive, 0 "
         "shared\n");
}

STORY(the_parent_is_content)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 A submit other b:x\n"
         "    other granted token 2\n"
         "2 A submit child c:x parent task\n"
         "    child granted token 3\n"
         "3 A submit child c:x parent task\n"
         "    child again: granted token 3\n"
         "4 A submit child c:x parent other\n"
         "    error op_reused\n"
         "5 A submit child c:x\n"
         "    error op_reused\n");
}

STORY(a_parent_is_not_released_before_its_children)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 A submit child b:x parent task\n"
         "    child granted token 2\n"
         "2 A release task\n"
         "    error children_active\n"
         "3 A release task a:x\n"
         "    error children_active\n"
         "4 A release child\n"
         "    child released\n"
         "5 A release task\n"
         "    task released\n");
}

STORY(a_parent_that_ends_takes_its_live_children_along_the_youngest_first)
{
    play("0 A submit task a:x lease 100\n"
         "    task granted token 1, expires in 100\n"
         "1 B submit one b:x parent task parent_token 1\n"
         "    one granted token 2\n"
         "2 B submit below c:x parent one\n"
         "    below granted token 3\n"
         "3 C submit blocker d:x\n"
         "    blocker granted token 4\n"
         "4 B submit two d:x parent task parent_token 1\n"
         "    two waiting ahead 1 (blocker)\n"
         "5 C submit behind c:x\n"
         "    behind waiting ahead 1 (below)\n"
         "100 tick\n"
         "    two expired\n"
         "    below expired\n"
         "    one expired\n"
         "    task expired\n"
         "    behind granted token 5\n");
}

STORY(a_lost_session_takes_the_children_of_its_operations_along)
{
    play("0 A submit one a:x\n"
         "    one granted token 1\n"
         "1 A submit task b:x\n"
         "    task granted token 2\n"
         "2 B submit child c:x lease 5000 parent task parent_token 2\n"
         "    child granted token 3, expires in 5000\n"
         "3 A submit own d:x parent child parent_token 3\n"
         "    own granted token 4\n"
         "4 A ends\n"
         "    one lost\n"
         "    own lost\n"
         "    child lost\n"
         "    task lost\n");
}

STORY(a_deadlock_is_found_when_a_child_would_wait_for_itself)
{
    play("0 A submit one a:x\n"
         "    one granted token 1\n"
         "1 B submit two b:x\n"
         "    two granted token 2\n"
         "2 A submit one.b b:x parent one\n"
         "    one.b waiting ahead 1 (two)\n"
         "3 B submit two.a a:x parent two\n"
         "    two.a deadlock (one a:x, one.b b:x, two b:x)\n"
         "4 B submit two.a a:x parent two wait 0\n"
         "    two.a refused ahead 1 (one)\n"
         "5 stats deadlock refused submitted\n"
         "    deadlock 1 refused 1 submitted 3\n"
         "6 B release two\n"
         "    two released\n"
         "    one.b granted token 3\n");
}

STORY(a_deadlock_over_three_families_is_named_and_one_less_is_none)
{
    play("0 A submit one a:x\n"
         "    one granted token 1\n"
         "1 B submit two b:x\n"
         "    two granted token 2\n"
         "2 C submit three c:x\n"
         "    three granted token 3\n"
         "3 A submit one.b b/1:x parent one\n"
         "    one.b waiting ahead 1 (two)\n"
         "4 B submit two.c c:s parent two\n"
         "    two.c waiting ahead 1 (three)\n"
         "5 C submit free d:x parent three\n"
         "    free granted token 4\n"
         "6 C submit three.a a:s parent three\n"
         "    three.a deadlock (one a:x, one.b b/1:x, two b:x, two.c c:s, three c:x)\n"
         "7 C submit three.b b/2:s parent three\n"
         "    three.b deadlock (two b:x, two.c c:s, three c:x)\n");
}

STORY(siblings_that_wait_in_a_row_are_no_deadlock)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 A submit one b:x parent task\n"
         "    one granted token 2\n"
         "2 A submit two b:x parent task\n"
         "    two waiting ahead 1 (one)\n"
         "3 A submit three b:x parent task\n"
         "    three waiting ahead 2 (one, two)\n"
         "4 A submit deep b:x parent one\n"
         "    deep deadlock (two b:x, one b:x)\n"
         "5 A cancel two\n"
         "    two cancelled\n"
         "6 A release one\n"
         "    one released\n"
         "    three granted token 3\n");
}

STORY(families_survive_a_restart)
{
    play("0 A submit task a:x\n"
         "    task granted token 1\n"
         "1 A submit child a/1:x parent task\n"
         "    child granted token 2\n"
         "2 B submit holder b:x\n"
         "    holder granted token 3\n"
         "3 C submit first b:x\n"
         "    first waiting ahead 1 (holder)\n"
         "4 A submit waits b:x parent task\n"
         "    waits waiting ahead 1 (holder)\n"
         "5 A submit gone c:x parent task\n"
         "    gone granted token 4\n"
         "6 A release gone\n"
         "    gone released\n"
         "7 restart\n"
         "8 C ahead first\n"
         "    2 ahead: holder b:x, waits b:x\n"
         "9 A release task\n"
         "    error children_active\n"
         "10 B release holder\n"
         "    holder released\n"
         "    waits granted token 5\n"
         "11 restart without task\n"
         "    damaged\n"
         "12 A ends\n"
         "    waits lost\n"
         "    child lost\n"
         "    task lost\n"
         "    first granted token 6\n");
}

STORY(a_family_has_only_so_many_generations)
{
    play("0 limit generations 2\n"
         "0 A submit one a:x\n"
         "    one granted token 1\n"
         "1 A submit two a:x parent one\n"
         "    two granted token 2\n"
         "2 A submit three a:x parent two\n"
         "    three granted token 3\n"
         "3 A submit four a:x parent three\n"
         "    error over_limit generations 2\n"
         "4 A plan a:x parent three\n"
         "    error over_limit generations 2\n");
}

STORY(a_child_waits_for_others_than_those_above_it)
{
    play("0 A submit task k:s\n"
         "    task granted token 1\n"
         "1 B submit other k:s\n"
         "    other granted token 2\n"
         "2 A submit child k:x parent task\n"
         "    child waiting ahead 1 (other)\n"
         "3 contended task\n"
         "    no\n"
         "4 contended other\n"
         "    yes\n");
}

STORY(there_is_no_parent_in_a_namespace_that_is_not_there)
{
    play("0 A submit task k:x\n"
         "    task granted token 1\n"
         "1 A submit child k:x parent task in other\n"
         "    error not_found\n"
         "2 A cancel nobody in other\n"
         "    error not_found\n"
         "3 show task in other\n"
         "    no task\n");
}

STORY(a_child_behind_one_that_waits_for_all_of_a_key_comes_after_it)
{
    play("0 A submit holder k:s\n"
         "    holder granted token 1\n"
         "1 B submit task a:x\n"
         "    task granted token 2\n"
         "2 B submit all k:x parent task\n"
         "    all waiting ahead 1 (holder)\n"
         "3 B submit one k/1:x parent task\n"
         "    one waiting ahead 2 (holder, all)\n"
         "4 B submit two k/2:x parent task\n"
         "    two waiting ahead 2 (holder, all)\n"
         "5 A release holder\n"
         "    holder released\n"
         "    all granted token 3\n"
         "6 B release all\n"
         "    all released\n"
         "    one granted token 4\n"
         "    two granted token 5\n");
}

STORY(a_child_waits_for_an_earlier_one_that_holds_back_only_a_part)
{
    play("0 A submit holder k:x\n"
         "    holder granted token 1\n"
         "1 B submit task a:x\n"
         "    task granted token 2\n"
         "2 B submit one k/1:x parent task\n"
         "    one waiting ahead 1 (holder)\n"
         "3 B submit all k:s parent task\n"
         "    all waiting ahead 2 (holder, one)\n"
         "4 A release holder\n"
         "    holder released\n"
         "    one granted token 3\n"
         "5 B release one\n"
         "    one released\n"
         "    all granted token 4\n");
}

STORY(nobody_above_keeps_a_child_back_however_far_above)
{
    play("0 A submit task k:x\n"
         "    task granted token 1\n"
         "1 A submit child a:x parent task\n"
         "    child granted token 2\n"
         "2 A submit below b:x parent child\n"
         "    below granted token 3\n"
         "3 A submit last k:x parent below\n"
         "    last granted token 4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_passes_by_its_parent_and_by_nobody_else),
        cmocka_unit_test(siblings_exclude_one_another),
        cmocka_unit_test(a_waiting_child_stands_before_all_ordinary_ones_and_behind_holders),
        cmocka_unit_test(a_child_that_comes_in_blocks_who_was_free_on_that_key),
        cmocka_unit_test(a_child_may_be_submitted_with_the_token_of_its_parent_or_by_its_session),
        cmocka_unit_test(the_parent_is_content),
        cmocka_unit_test(a_parent_is_not_released_before_its_children),
        cmocka_unit_test(a_parent_that_ends_takes_its_live_children_along_the_youngest_first),
        cmocka_unit_test(a_lost_session_takes_the_children_of_its_operations_along),
        cmocka_unit_test(a_deadlock_is_found_when_a_child_would_wait_for_itself),
        cmocka_unit_test(a_deadlock_over_three_families_is_named_and_one_less_is_none),
        cmocka_unit_test(siblings_that_wait_in_a_row_are_no_deadlock),
        cmocka_unit_test(families_survive_a_restart),
        cmocka_unit_test(a_family_has_only_so_many_generations),
        cmocka_unit_test(a_child_waits_for_others_than_those_above_it),
        cmocka_unit_test(there_is_no_parent_in_a_namespace_that_is_not_there),
        cmocka_unit_test(a_child_behind_one_that_waits_for_all_of_a_key_comes_after_it),
        cmocka_unit_test(a_child_waits_for_an_earlier_one_that_holds_back_only_a_part),
        cmocka_unit_test(nobody_above_keeps_a_child_back_however_far_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
