/*
 * A key covers every key below it; modes on the way down are merged.
 */
#include "play.h"

STORY(a_key_covers_every_key_below_it)
{
    play("0 A submit a Project:x\n"
         "    a granted token 1\n"
         "1 B submit b Project/25:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 C submit c Project/25/Task/88:s\n"
         "    c waiting ahead 2 (a, b)\n"
         "2 D submit d Task:x\n"
         "    d granted token 2\n"
         "3 A release a\n"
         "    a released\n"
         "    b granted token 3\n"
         "4 B release b\n"
         "    b released\n"
         "    c granted token 4\n");
}

STORY(a_key_keeps_others_from_the_keys_above_it)
{
    play("0 A submit a Project/25/Task/88:x\n"
         "    a granted token 1\n"
         "1 B submit b Project/25:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 C submit c Project/26:x\n"
         "    c granted token 2\n"
         "2 D submit d Project:x\n"
         "    d waiting ahead 3 (a, c, b)\n"
         "3 A release a\n"
         "    a released\n"
         "    b granted token 3\n"
         "4 C release c\n"
         "    c released\n"
         "5 B release b\n"
         "    b released\n"
         "    d granted token 4\n");
}

STORY(keys_beside_one_another_do_not_meet)
{
    play("0 A submit a Project/25:x\n"
         "    a granted token 1\n"
         "0 B submit b Project/26:x\n"
         "    b granted token 2\n"
         "0 C submit c Project/25x:x\n"
         "    c granted token 3\n"
         "0 D submit d Project/2:x\n"
         "    d granted token 4\n");
}

STORY(a_name_that_begins_with_another_is_not_below_it)
{
    play("0 A submit a Pro:x\n"
         "    a granted token 1\n"
         "0 B submit b Project/1:x\n"
         "    b granted token 2\n"
         "0 C submit c Pro-1:x\n"
         "    c granted token 3\n"
         "0 D submit d Pro/1:x\n"
         "    d waiting ahead 1 (a)\n");
}

STORY(the_root_is_the_whole_namespace)
{
    play("0 A submit a k/1:x\n"
         "    a granted token 1\n"
         "1 B submit b /:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c other:s\n"
         "    c waiting ahead 1 (b)\n"
         "3 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "4 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(a_shared_root_lets_readers_in_and_keeps_writers_out)
{
    play("0 A submit a /:s\n"
         "    a granted token 1\n"
         "1 B submit b k/1:s\n"
         "    b granted token 2\n"
         "2 C submit c k/1:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "3 A release a\n"
         "    a released\n"
         "4 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

STORY(a_reader_above_and_a_reader_below_hold_together)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "0 B submit b k/1:s\n"
         "    b granted token 2\n"
         "0 C submit c k/1/2/3:s\n"
         "    c granted token 3\n");
}

STORY(a_reader_above_waits_for_a_writer_below)
{
    play("0 A submit a k/1/2:x\n"
         "    a granted token 1\n"
         "1 B submit b k:s\n"
         "    b waiting ahead 1 (a)\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(a_writer_below_waits_for_a_reader_above)
{
    play("0 A submit a k:s\n"
         "    a granted token 1\n"
         "1 B submit b k/1/2:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(writers_below_one_key_do_not_meet_on_it)
{
    play("0 A submit a k/1:x\n"
         "    a granted token 1\n"
         "0 B submit b k/2:x\n"
         "    b granted token 2\n"
         "0 C submit c k/3/1:s k/4:x\n"
         "    c granted token 3\n");
}

/* On k it stands as S and IX at once. */
STORY(reading_a_key_and_writing_below_it_admits_readers_beside_the_writing)
{
    play("0 A submit a k:s k/1:x\n"
         "    a granted token 1\n"
         "1 B submit b k/2:s\n"
         "    b granted token 2\n"
         "1 C submit c k/1:s\n"
         "    c waiting ahead 1 (a)\n"
         "1 D submit d k/2:x\n"
         "    d waiting ahead 2 (a, b)\n"
         "1 E submit e k:s\n"
         "    e waiting ahead 2 (a, d)\n"
         "2 B release b\n"
         "    b released\n"
         "3 A release a\n"
         "    a released\n"
         "    c granted token 3\n"
         "    d granted token 4\n"
         "4 D release d\n"
         "    d released\n"
         "    e granted token 5\n");
}

STORY(reading_a_key_and_writing_below_it_waits_for_both_kinds_of_others)
{
    play("0 A submit a k/2:x\n"
         "    a granted token 1\n"
         "0 B submit b k/1:s\n"
         "    b granted token 2\n"
         "1 C submit c k:s k/1:x\n"
         "    c waiting ahead 2 (a, b)\n"
         "2 A release a\n"
         "    a released\n"
         "3 B release b\n"
         "    b released\n"
         "    c granted token 3\n");
}

/* IS and IX on k are IX together. */
STORY(reading_one_and_writing_another_below_a_key_keeps_its_readers_out)
{
    play("0 A submit a k/1:s k/2:x\n"
         "    a granted token 1\n"
         "1 B submit b k/1:s\n"
         "    b granted token 2\n"
         "1 C submit c k/3:x\n"
         "    c granted token 3\n"
         "1 D submit d k/1:x\n"
         "    d waiting ahead 2 (a, b)\n"
         "1 E submit e k/2:s\n"
         "    e waiting ahead 1 (a)\n"
         "1 F submit f k:s\n"
         "    f waiting ahead 3 (a, c, d)\n");
}

STORY(the_exclusive_mode_on_a_key_swallows_what_is_below)
{
    play("0 A submit a k:x k/1:s k/2:x\n"
         "    a granted token 1\n"
         "1 keys a\n"
         "    k:x\n"
         "2 B submit b k/3:s\n"
         "    b waiting ahead 1 (a)\n");
}

STORY(two_readers_that_write_below_exclude_one_another)
{
    play("0 A submit a k:s k/1:x\n"
         "    a granted token 1\n"
         "1 B submit b k:s k/2:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 A release a\n"
         "    a released\n"
         "    b granted token 2\n");
}

STORY(a_key_may_be_named_by_one_and_lie_above_the_key_of_another)
{
    play("0 A submit a k/1/2:x\n"
         "    a granted token 1\n"
         "0 B submit b k/1:s k/2:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k/2/1:x\n"
         "    c waiting ahead 1 (b)\n"
         "0 D submit d k/1/3:s\n"
         "    d granted token 2\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 3\n"
         "2 B release b\n"
         "    b released\n"
         "    c granted token 4\n");
}

STORY(a_waiting_key_above_holds_back_what_comes_later_below)
{
    play("0 A submit a k/1:x\n"
         "    a granted token 1\n"
         "1 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c k/2:x\n"
         "    c waiting ahead 1 (b)\n"
         "3 D submit d k2:x\n"
         "    d granted token 2\n"
         "4 B cancel b\n"
         "    b cancelled\n"
         "    c granted token 3\n");
}

STORY(a_waiting_key_below_holds_back_only_its_own_branch)
{
    play("0 A submit a k/1:x\n"
         "    a granted token 1\n"
         "1 B submit b k/1:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 C submit c k/2:x\n"
         "    c granted token 2\n"
         "3 D submit d k/1/1:s\n"
         "    d waiting ahead 2 (a, b)\n");
}

STORY(a_slash_inside_a_segment_separates_nothing)
{
    play("0 A submit a k/a%2Fb:x\n"
         "    a granted token 1\n"
         "1 B submit b k/a:x\n"
         "    b granted token 2\n"
         "2 C submit c k:x\n"
         "    c waiting ahead 2 (a, b)\n");
}

STORY(sixteen_segments_are_a_path_like_any_other)
{
    play("0 A submit a a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p:x\n"
         "    a granted token 1\n"
         "1 B submit b a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/q:x\n"
         "    b granted token 2\n"
         "2 C submit c a/b/c/d/e/f/g/h/i/j/k/l/m/n/o:s\n"
         "    c waiting ahead 2 (a, b)\n"
         "3 D submit d a/b:x\n"
         "    d waiting ahead 3 (a, b, c)\n"
         "4 A release a\n"
         "    a released\n"
         "5 B release b\n"
         "    b released\n"
         "    c granted token 3\n"
         "6 C release c\n"
         "    c released\n"
         "    d granted token 4\n");
}

STORY(the_same_key_in_another_namespace_is_another_key)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x in other\n"
         "    b granted token 2\n"
         "0 C submit c /:x in third\n"
         "    c granted token 3\n"
         "1 D submit d k:x in other\n"
         "    d waiting ahead 1 (b)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_covers_every_key_below_it),
        cmocka_unit_test(a_key_keeps_others_from_the_keys_above_it),
        cmocka_unit_test(keys_beside_one_another_do_not_meet),
        cmocka_unit_test(a_name_that_begins_with_another_is_not_below_it),
        cmocka_unit_test(the_root_is_the_whole_namespace),
        cmocka_unit_test(a_shared_root_lets_readers_in_and_keeps_writers_out),
        cmocka_unit_test(a_reader_above_and_a_reader_below_hold_together),
        cmocka_unit_test(a_reader_above_waits_for_a_writer_below),
        cmocka_unit_test(a_writer_below_waits_for_a_reader_above),
        cmocka_unit_test(writers_below_one_key_do_not_meet_on_it),
        cmocka_unit_test(reading_a_key_and_writing_below_it_admits_readers_beside_the_writing),
        cmocka_unit_test(reading_a_key_and_writing_below_it_waits_for_both_kinds_of_others),
        cmocka_unit_test(reading_one_and_writing_another_below_a_key_keeps_its_readers_out),
        cmocka_unit_test(the_exclusive_mode_on_a_key_swallows_what_is_below),
        cmocka_unit_test(two_readers_that_write_below_exclude_one_another),
        cmocka_unit_test(a_key_may_be_named_by_one_and_lie_above_the_key_of_another),
        cmocka_unit_test(a_waiting_key_above_holds_back_what_comes_later_below),
        cmocka_unit_test(a_waiting_key_below_holds_back_only_its_own_branch),
        cmocka_unit_test(a_slash_inside_a_segment_separates_nothing),
        cmocka_unit_test(sixteen_segments_are_a_path_like_any_other),
        cmocka_unit_test(the_same_key_in_another_namespace_is_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
