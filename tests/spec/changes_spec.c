/*
 * Staleness: which keys changed since when, and what becomes of those who asked.
 */
#include "play.h"

STORY(the_end_of_an_exclusive_grant_changes_its_keys)
{
    play("0 A submit a a:x b:s\n"
         "    a granted token 1\n"
         "1 changed a since 0\n"
         "    no\n"
         "2 A release a\n"
         "    a released\n"
         "3 changed a since 2\n"
         "    (a 3 by a)\n"
         "4 changed a since 3\n"
         "    no\n"
         "5 changed b since 0\n"
         "    no\n"
         "6 A submit c b:x lease 10\n"
         "    c granted token 2, expires in 10\n"
         "16 tick\n"
         "    c expired\n"
         "17 changed b since 0\n"
         "    (b 6 by c)\n");
}

STORY(a_key_changes_with_those_above_and_below)
{
    play("0 A submit a p/25/t/1:x\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n"
         "2 changed p since 0\n"
         "    (p 3 by a)\n"
         "3 changed / since 0\n"
         "    (/ 3 by a)\n"
         "4 changed p/25/t/1/x since 0\n"
         "    (p/25/t/1/x 3 by a)\n"
         "5 changed p/25/t/2 since 0\n"
         "    no\n"
         "6 changed p/2 since 0\n"
         "    no\n"
         "7 B submit b p:x\n"
         "    b granted token 2\n"
         "8 B release b\n"
         "    b released\n"
         "9 changed p/25/t/1 since 0\n"
         "    (p/25/t/1 6 by b)\n"
         "10 changed p/25/t/2 since 5\n"
         "    (p/25/t/2 6 by b)\n");
}

STORY(a_release_that_changed_nothing_leaves_revisions_alone)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 A release a unchanging\n"
         "    a released\n"
         "2 changed a since 0\n"
         "    no\n"
         "3 A submit b b:x c:x d:x\n"
         "    b granted token 2\n"
         "4 A release b b:x\n"
         "    b keeps the rest\n"
         "5 A release b c:x unchanging\n"
         "    b keeps the rest\n"
         "6 changed b since 5\n"
         "    (b 6 by b)\n"
         "7 changed c since 0\n"
         "    no\n"
         "8 changed d since 0\n"
         "    no\n");
}

STORY(a_submit_on_changed_keys_is_stale_and_leaves_nothing)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n"
         "2 B submit b a:x b:x unchanged 2\n"
         "    b stale (a 3 by a)\n"
         "3 stats ticket seq stale refused\n"
         "    ticket 1 seq 3 stale 1 refused 0\n"
         "4 B submit b a:x b:x unchanged 3\n"
         "    b granted token 2\n"
         "5 C submit c a/1:s unchanged 0 wait 0\n"
         "    c stale (a/1 3 by a)\n"
         "6 C submit c c:x tell 0\n"
         "    c granted token 3\n");
}

STORY(who_asked_is_asked_again_at_its_turn)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B submit b a:x unchanged 2\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c a:x tell 2\n"
         "    c waiting ahead 2 (a, b)\n"
         "3 A release a\n"
         "    a released\n"
         "    b stale, changed (a 5 by a)\n"
         "    c granted token 2, changed (a 5 by a)\n"
         "4 restart\n"
         "5 B submit b a:x unchanged 2\n"
         "    b again: stale, changed (a 5 by a)\n"
         "6 C submit c a:x tell 3\n"
         "    error op_reused\n");
}

STORY(a_release_that_changed_nothing_makes_nobody_stale)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 B submit b a:x unchanged 2\n"
         "    b waiting ahead 1 (a)\n"
         "2 A release a unchanging\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(after_a_restart_nobody_knows_what_happened_before)
{
    play("0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 A release a\n"
         "    a released\n"
         "2 restart\n"
         "3 changed b since 2\n"
         "    (b unknown)\n"
         "4 changed b since 3\n"
         "    no\n"
         "5 B submit b b:x unchanged 2\n"
         "    b stale (b unknown)\n"
         "6 B submit b b:x tell 2\n"
         "    b granted token 2, changed (b unknown)\n"
         "7 B release b\n"
         "    b released\n"
         "8 changed b since 3\n"
         "    (b 6 by b)\n");
}

STORY(only_so_many_keys_are_remembered_and_the_rest_counts_as_changed)
{
    play("0 limit changed_keys 3\n"
         "0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 A submit b b:x\n"
         "    b granted token 2\n"
         "2 A submit c c:x\n"
         "    c granted token 3\n"
         "3 A release a\n"
         "    a released\n"
         "4 A release b\n"
         "    b released\n"
         "5 changed a since 6\n"
         "    (a 7 by a)\n"
         "6 A release c\n"
         "    c released\n"
         "7 changed a since 6\n"
         "    (a unknown)\n"
         "8 changed d since 6\n"
         "    (d unknown)\n"
         "9 changed d since 7\n"
         "    no\n"
         "10 changed b since 7\n"
         "    (b 8 by b)\n");
}

STORY(without_memory_every_change_may_be_everywhere)
{
    play("0 limit changed_keys 0\n"
         "0 A submit a a:x\n"
         "    a granted token 1\n"
         "1 changed b since 0\n"
         "    no\n"
         "2 A release a\n"
         "    a released\n"
         "3 changed b since 2\n"
         "    (b unknown)\n"
         "4 changed b since 3\n"
         "    no\n");
}

STORY(sixteen_of_many_changed_keys_are_told)
{
    play("0 A submit a k/10..30:x\n"
         "    a granted token 1\n"
         "1 B submit b k/10..30:x tell 0\n"
         "    b waiting ahead 1 (a)\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2, changed (k/10 4 by a, k/11 4 by a, k/12 4 by a, k/13 4 by a, "
         "k/14 4 by a, k/15 4 by a, k/16 4 by a, k/17 4 by a, k/18 4 by a, k/19 4 by a, k/20 4 by "
         "a, "
         "k/21 4 by a, k/22 4 by a, k/23 4 by a, k/24 4 by a, k/25 4 by a)\n"
         "3 B release b unchanging\n"
         "    b released\n"
         "4 B submit c k/10..30:x unchanged 3\n"
         "    c stale (k/10 4 by a, k/11 4 by a, k/12 4 by a, k/13 4 by a, "
         "k/14 4 by a, k/15 4 by a, k/16 4 by a, k/17 4 by a, k/18 4 by a, k/19 4 by a, k/20 4 by "
         "a, "
         "k/21 4 by a, k/22 4 by a, k/23 4 by a, k/24 4 by a, k/25 4 by a)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_an_exclusive_grant_changes_its_keys),
        cmocka_unit_test(a_key_changes_with_those_above_and_below),
        cmocka_unit_test(a_release_that_changed_nothing_leaves_revisions_alone),
        cmocka_unit_test(a_submit_on_changed_keys_is_stale_and_leaves_nothing),
        cmocka_unit_test(who_asked_is_asked_again_at_its_turn),
        cmocka_unit_test(a_release_that_changed_nothing_makes_nobody_stale),
        cmocka_unit_test(after_a_restart_nobody_knows_what_happened_before),
        cmocka_unit_test(only_so_many_keys_are_remembered_and_the_rest_counts_as_changed),
        cmocka_unit_test(without_memory_every_change_may_be_everywhere),
        cmocka_unit_test(sixteen_of_many_changed_keys_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
