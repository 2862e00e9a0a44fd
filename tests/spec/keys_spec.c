/*
 * Keys of an operation, and the small questions.
 */
#include "play.h"

STORY(keys_are_sorted_and_doubles_dropped)
{
    play("0 normalise k2:x k1:s k2:x k1:s k3:s\n"
         "    k1:s k2:x k3:s\n");
}

STORY(of_two_modes_on_one_key_the_stronger_stays)
{
    play("0 normalise k:s k:x j:x j:s\n"
         "    j:x k:x\n");
}

STORY(a_key_below_another_in_no_stronger_mode_adds_nothing)
{
    play("0 normalise k:x k/1:x k/2:s k/3/4:s j:s j/1:s j/2/3:s\n"
         "    j:s k:x\n");
}

STORY(a_key_below_another_in_a_stronger_mode_stays)
{
    play("0 normalise k:s k/1:x k/2:s k/1/2:s k/1/3:x\n"
         "    k:s k/1:x\n");
}

STORY(the_root_swallows_what_is_no_stronger)
{
    play("0 normalise k:s /:s j/1:x\n"
         "    /:s j/1:x\n"
         "0 normalise k:s /:x j/1:x\n"
         "    /:x\n");
}

/* In byte order "k-1" and "k!" stand between "k" and "k/1". */
STORY(a_key_that_sorts_between_a_key_and_those_below_it_does_not_hide_them)
{
    play("0 normalise k/1:x k-1:x k:x k!:s k0:s k/0:s\n"
         "    k:x k!:s k-1:x k0:s\n"
         "0 normalise k/1:s k-1:s k:s k-1/2:s k/1/1:x k!/1:s\n"
         "    k:s k!/1:s k-1:s k/1/1:x\n");
}

STORY(one_key_stays_one_key)
{
    play("0 normalise k:s\n"
         "    k:s\n"
         "0 normalise /:s\n"
         "    /:s\n");
}

STORY(the_keys_of_an_operation_are_told_in_byte_order)
{
    play("0 A submit a z:x b/2:s b/10:x b:s a%2Fb:x\n"
         "    a granted token 1\n"
         "1 keys a\n"
         "    a%2Fb:x b:s b/10:x z:x\n"
         "1 show a\n"
         "    a granted token 1, ticket 1, of A, 3 exclusive, 1 shared\n");
}

STORY(keys_are_told_in_pieces)
{
    play("0 A submit a k1:x k2:x k3:s k4:x k5:x\n"
         "    a granted token 1\n"
         "1 keys a from 0 max 2\n"
         "    k1:x k2:x\n"
         "1 keys a from 2 max 2\n"
         "    k3:s k4:x\n"
         "1 keys a from 4 max 2\n"
         "    k5:x\n"
         "1 keys a from 5 max 2\n"
         "    none\n");
}

STORY(a_waiting_operation_tells_its_keys_too)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "1 B submit b k/2:s k/1:x\n"
         "    b waiting ahead 1 (a)\n"
         "2 keys b\n"
         "    k/1:x k/2:s\n");
}

STORY(an_operation_touches_what_it_names_and_what_lies_above)
{
    play("0 A submit a k/1/2:x m:s\n"
         "    a granted token 1\n"
         "1 touches a k/1/2\n"
         "    yes\n"
         "1 touches a k/1\n"
         "    yes\n"
         "1 touches a k\n"
         "    yes\n"
         "1 touches a /\n"
         "    yes\n"
         "1 touches a m\n"
         "    yes\n"
         "1 touches a m/1\n"
         "    no\n"
         "1 touches a k/1/2/3\n"
         "    no\n"
         "1 touches a k/2\n"
         "    no\n"
         "1 touches a kk\n"
         "    no\n"
         "2 A release a\n"
         "    a released\n"
         "3 touches a k\n"
         "    no\n");
}

STORY(a_key_that_sorts_between_does_not_hide_what_is_touched)
{
    play("0 A submit a k!:x k-1:x k/5:x k0:x\n"
         "    a granted token 1\n"
         "1 touches a k\n"
         "    yes\n"
         "1 touches a k/5\n"
         "    yes\n"
         "1 touches a k-\n"
         "    no\n");
}

STORY(operations_are_told_in_the_order_of_tickets)
{
    play("0 A submit z k1:x\n"
         "    z granted token 1\n"
         "0 B submit a k1:x in other\n"
         "    a granted token 2\n"
         "0 C submit m k1:x\n"
         "    m waiting ahead 1 (z)\n"
         "1 B release a in other\n"
         "    a released\n"
         "2 list\n"
         "    1 z granted, 2 a ended, 3 m waiting\n"
         "2 list 1\n"
         "    2 a ended, 3 m waiting\n"
         "2 list 2\n"
         "    3 m waiting\n"
         "2 list 3\n"
         "    nothing\n");
}

STORY(a_namespace_lives_while_an_operation_lives_in_it)
{
    play("0 namespaces\n"
         "    none\n"
         "0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x in other\n"
         "    b granted token 2\n"
         "0 C submit c k:x in other\n"
         "    c waiting ahead 1 (b)\n"
         "1 namespaces\n"
         "    default 1 other 2\n"
         "2 B release b in other\n"
         "    b released\n"
         "    c granted token 3\n"
         "3 C release c in other\n"
         "    c released\n"
         "4 namespaces\n"
         "    default 1\n"
         "5 B release b in other\n"
         "    b again: released\n");
}

STORY(every_change_has_a_seq_of_its_own)
{
    play("0 A submit a k:x lease 100\n"
         "    a granted token 1, expires in 100\n"
         "0 stats seq\n"
         "    seq 2\n"
         "1 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "1 stats seq\n"
         "    seq 3\n"
         "2 A claim a\n"
         "    a claimed, expires in 98\n"
         "2 stats seq\n"
         "    seq 4\n"
         "3 A renew a token 1\n"
         "    a renewed, expires in 100, contended\n"
         "3 stats seq\n"
         "    seq 5\n"
         "4 A release a token 1\n"
         "    a released\n"
         "    b granted token 2\n"
         "4 stats seq\n"
         "    seq 7\n"
         "5 tick\n"
         "5 A renew a token 99\n"
         "    error wrong_token\n"
         "5 A release a token 1\n"
         "    a again: released\n"
         "5 stats seq\n"
         "    seq 7\n");
}

STORY(the_counters_count)
{
    play("0 A submit a k:x\n"
         "    a granted token 1\n"
         "0 B submit b k:x\n"
         "    b waiting ahead 1 (a)\n"
         "0 C submit c k:x wait 0\n"
         "    c refused ahead 2 (a, b)\n"
         "0 D submit d k/1:x lease 5\n"
         "    d waiting ahead 2 (a, b)\n"
         "1 stats waiting granted submitted grants refused claims namespaces\n"
         "    waiting 2 granted 1 submitted 3 grants 1 refused 1 claims 7 namespaces 1\n"
         "2 A ends\n"
         "    a lost\n"
         "    b granted token 2\n"
         "3 B release b\n"
         "    b released\n"
         "    d granted token 3, expires in 5\n"
         "8 tick\n"
         "    d expired\n"
         "9 stats waiting granted remembered grants released lost expired claims keys\n"
         "    waiting 0 granted 0 remembered 3 grants 3 released 1 lost 1 expired 1 claims 0 keys "
         "0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_sorted_and_doubles_dropped),
        cmocka_unit_test(of_two_modes_on_one_key_the_stronger_stays),
        cmocka_unit_test(a_key_below_another_in_no_stronger_mode_adds_nothing),
        cmocka_unit_test(a_key_below_another_in_a_stronger_mode_stays),
        cmocka_unit_test(the_root_swallows_what_is_no_stronger),
        cmocka_unit_test(a_key_that_sorts_between_a_key_and_those_below_it_does_not_hide_them),
        cmocka_unit_test(one_key_stays_one_key),
        cmocka_unit_test(the_keys_of_an_operation_are_told_in_byte_order),
        cmocka_unit_test(keys_are_told_in_pieces),
        cmocka_unit_test(a_waiting_operation_tells_its_keys_too),
        cmocka_unit_test(an_operation_touches_what_it_names_and_what_lies_above),
        cmocka_unit_test(a_key_that_sorts_between_does_not_hide_what_is_touched),
        cmocka_unit_test(operations_are_told_in_the_order_of_tickets),
        cmocka_unit_test(a_namespace_lives_while_an_operation_lives_in_it),
        cmocka_unit_test(every_change_has_a_seq_of_its_own),
        cmocka_unit_test(the_counters_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
