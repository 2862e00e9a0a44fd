/*
 * Large sets and long texts follow the same rules.
 */
#include <stdio.h>

#include "play.h"

STORY(a_small_operation_blocks_a_bulk_one_and_goes_first)
{
    play("0 A submit save Task/500:x\n"
         "    save granted token 1\n"
         "1 B submit bulk Task/1..1000:x\n"
         "    bulk waiting ahead 1 (save)\n"
         "2 C submit later Task/7:x\n"
         "    later waiting ahead 1 (bulk)\n"
         "3 D submit free Task/1001:x\n"
         "    free granted token 2\n"
         "4 A release save\n"
         "    save released\n"
         "    bulk granted token 3\n"
         "5 B release bulk\n"
         "    bulk released\n"
         "    later granted token 4\n");
}

STORY(a_hundred_thousand_keys_are_one_grant)
{
    play("0 A submit bulk Task/1..100000:x\n"
         "    bulk granted token 1\n"
         "1 stats claims keys\n"
         "    claims 100002 keys 100002\n"
         "1 keys bulk from 99999\n"
         "    Task/99999:x\n"
         "1 check Task/31415\n"
         "    held by bulk Task/31415:x, holders 1, waiting 0\n"
         "1 B submit b Task/100000:s\n"
         "    b waiting ahead 1 (bulk)\n"
         "2 A release bulk\n"
         "    bulk released\n"
         "    b granted token 2\n"
         "3 B release b\n"
         "    b released\n"
         "4 stats claims keys\n"
         "    claims 0 keys 0\n");
}

STORY(bulk_operations_that_overlap_line_up)
{
    play("0 A submit a Task/1..3000:x\n"
         "    a granted token 1\n"
         "0 B submit b Task/2500..5000:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c Task/4600..6000:s\n"
         "    c waiting ahead 1 (b)\n"
         "0 D submit d Task:s\n"
         "    d waiting ahead 2 (a, b)\n"
         "0 E submit e Task/1..10:x\n"
         "    e waiting ahead 2 (a, d)\n"
         "1 A release a\n"
         "    a released\n"
         "    b granted token 2\n"
         "2 restart\n"
         "3 B release b\n"
         "    b released\n"
         "    c granted token 3\n"
         "    d granted token 4\n"
         "4 D release d\n"
         "    d released\n"
         "    e granted token 5\n");
}

/* Two long sets meet on more claims than are looked at. */
STORY(ahead_is_counted_over_a_thousand_claims)
{
    play("0 A submit a Task/1..3000:x\n"
         "    a granted token 1\n"
         "0 B submit b Task/2001..3000:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c Task/2000..3000:x\n"
         "    c waiting ahead 2 or more (a, b)\n");
}

/* Their keys come free in another order than that of their tickets. */
STORY(whatever_one_release_frees_is_granted_in_the_order_of_tickets)
{
    char story[16384];
    int n = sprintf(story, "0 A submit a k/1..100:x\n    a granted token 1\n");
    for (int i = 1; i <= 100; i++)
        n += sprintf(story + n, "0 B submit b%d k/%d:x\n    b%d waiting ahead 1 (a)\n", i,
                     (i * 37 % 100) + 1, i);
    n += sprintf(story + n, "1 A release a\n    a released\n");
    for (int i = 1; i <= 100; i++)
        n += sprintf(story + n, "    b%d granted token %d\n", i, i + 1);
    play(story);
}

STORY(a_bulk_operation_said_again_in_another_order_is_the_same)
{
    play("0 A submit a Task/501..1000:x Task/1..500:x Other/1..100:s\n"
         "    a granted token 1\n"
         "1 A submit a Other/1..100:s Task/1..1000:x Task/77/8:s\n"
         "    a again: granted token 1\n"
         "2 A submit a Other/1..100:s Task/1..999:x\n"
         "    error op_reused\n"
         "2 A submit a Other/1..100:s Task/1..999:x Task/1001:x\n"
         "    error op_reused\n"
         "3 restart\n"
         "4 A submit a Other/1..100:s Task/1..1000:x\n"
         "    a again: granted token 1\n");
}

STORY(a_bulk_operation_gives_back_what_it_did_not_get)
{
    play("0 A submit a Task/700:x\n"
         "    a granted token 1\n"
         "1 B submit b Task/1..1000:x wait 0\n"
         "    b refused ahead 1 (a)\n"
         "2 check Task/1\n"
         "    free\n"
         "2 stats claims\n"
         "    claims 3\n");
}

STORY(long_texts_are_kept_as_they_are)
{
    play("0 A submit a k:x lease 1000 payload p*65536 meta m*4096 who w*255 why y*255\n"
         "    a granted token 1\n"
         "1 stats live_bytes\n"
         "    live_bytes 69632\n"
         "2 restart\n"
         "3 show a\n"
         "    a granted token 1, ticket 1, of A, 1 exclusive, 0 shared who w*255 why y*255 meta "
         "m*4096 payload p*65536\n"
         "4 B claim a\n"
         "    a claimed, expires in 1000 payload p*65536\n"
         "5 A submit a k:x lease 1000 payload p*65535\n"
         "    error op_reused\n"
         "6 B renew a token 1 progress g*255\n"
         "    a renewed, expires in 1000\n"
         "7 B release a token 1 outcome o*255\n"
         "    a released\n"
         "8 restart\n"
         "9 show a\n"
         "    a released, ticket 1, of A, claimed by B, 0 exclusive, 0 shared who w*255 why y*255 "
         "progress g*255 outcome o*255\n");
}

STORY(ids_and_paths_may_be_as_long_as_the_protocol_lets_them)
{
    play("0 A submit i*128 "
         "a-segment-of-some-sixty-bytes-that-makes-a-path-rather-long-1/"
         "a-segment-of-some-sixty-bytes-that-makes-a-path-rather-long-2/"
         "a-segment-of-some-sixty-bytes-that-makes-a-path-rather-long-3/"
         "a-segment-of-some-sixty-bytes-that-makes-a-path-rather-long-4:x\n"
         "    "
         "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"
         "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii granted token 1\n");
}

STORY(ahead_stops_at_holders_and_at_waiting_children_too)
{
    play("0 A submit a A:x Task/1..3000:x\n"
         "    a granted token 1\n"
         "0 B submit b Task/1..3000:x\n"
         "    b waiting ahead 1 or more (a)\n"
         "0 B cancel b\n"
         "    b cancelled\n"
         "1 C submit task k:x\n"
         "    task granted token 2\n"
         "2 C submit child Task/1..1000:x parent task\n"
         "    child waiting ahead 1 (a)\n"
         "3 D submit d A:x Task/1..1000:x\n"
         "    d waiting ahead 2 or more (a, child)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_operation_blocks_a_bulk_one_and_goes_first),
        cmocka_unit_test(a_hundred_thousand_keys_are_one_grant),
        cmocka_unit_test(bulk_operations_that_overlap_line_up),
        cmocka_unit_test(ahead_is_counted_over_a_thousand_claims),
        cmocka_unit_test(whatever_one_release_frees_is_granted_in_the_order_of_tickets),
        cmocka_unit_test(a_bulk_operation_said_again_in_another_order_is_the_same),
        cmocka_unit_test(a_bulk_operation_gives_back_what_it_did_not_get),
        cmocka_unit_test(long_texts_are_kept_as_they_are),
        cmocka_unit_test(ids_and_paths_may_be_as_long_as_the_protocol_lets_them),
        cmocka_unit_test(ahead_stops_at_holders_and_at_waiting_children_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
