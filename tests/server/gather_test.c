#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/gather.h"

/* A commit of n requests that begins at 1000 and takes 800. */
static void commit(struct gather *gather, uint32_t n)
{
    gather_on_heard(gather, n);
    gather_on_begin(gather, 1000);
    gather_on_commit(gather, true, 1800);
}

static void the_first_commit_waits_for_nobody(void **state)
{
    struct gather gather = {0};

    (void)state;
    gather_on_heard(&gather, 1);
    assert_false(gather_waits(&gather, 5));
}

static void a_lone_client_waits_for_nobody(void **state)
{
    struct gather gather = {0};

    (void)state;
    commit(&gather, 1);
    gather_on_heard(&gather, 1);
    assert_false(gather_waits(&gather, 1801));
}

static void a_commit_begins_with_the_last_of_those_who_were_answered(void **state)
{
    struct gather gather = {0};

    (void)state;
    commit(&gather, 64);
    gather_on_heard(&gather, 63);
    assert_true(gather_waits(&gather, 1810));
    gather_on_heard(&gather, 1);
    assert_false(gather_waits(&gather, 1811));
}

static void who_came_during_the_commit_goes_with_those_it_answers(void **state)
{
    struct gather gather = {0};

    (void)state;
    gather_on_heard(&gather, 40);
    gather_on_begin(&gather, 1000);
    gather_on_heard(&gather, 24);
    gather_on_commit(&gather, true, 1800);
    assert_true(gather_waits(&gather, 1801));
    gather_on_heard(&gather, 40);
    assert_false(gather_waits(&gather, 1802));
}

static void a_commit_waits_in_silence_for_half_of_the_last(void **state)
{
    struct gather gather = {0};

    (void)state;
    commit(&gather, 64);
    gather_on_heard(&gather, 10);
    gather_on_stirred(&gather, 1900);
    assert_true(gather_waits(&gather, 2299));
    assert_false(gather_waits(&gather, 2300));
}

static void a_commit_waits_no_longer_than_the_last_took(void **state)
{
    struct gather gather = {0};

    (void)state;
    commit(&gather, 64);
    for (uint64_t now = 1800; now < 2600; now += 50) {
        gather_on_heard(&gather, 1);
        gather_on_stirred(&gather, now);
        assert_true(gather_waits(&gather, now));
    }
    gather_on_stirred(&gather, 2600);
    assert_false(gather_waits(&gather, 2600));
}

static void after_one_that_hung_the_next_waits_for_a_millisecond(void **state)
{
    struct gather gather = {0};

    (void)state;
    gather_on_heard(&gather, 64);
    gather_on_begin(&gather, 0);
    gather_on_commit(&gather, true, 60000000000);
    gather_on_heard(&gather, 1);
    assert_true(gather_waits(&gather, 60000999999));
    assert_false(gather_waits(&gather, 60001000000));
}

static void a_wait_in_vain_makes_the_next_commits_wait_for_nobody(void **state)
{
    struct gather gather = {0};

    (void)state;
    commit(&gather, 64);
    for (uint32_t skips = 1; skips <= 31; skips = skips * 2 + 1) {
        assert_true(gather_waits(&gather, 1801));
        commit(&gather, 47);
        for (uint32_t i = 0; i < skips; i++) {
            assert_false(gather_waits(&gather, 1801));
            commit(&gather, 64);
        }
    }
}

static void when_most_come_the_next_commit_waits_again(void **state)
{
    struct gather gather = {0};

    (void)state;
    commit(&gather, 64);
    gather_on_heard(&gather, 48);
    assert_true(gather_waits(&gather, 1801));
    gather_on_begin(&gather, 2601);
    gather_on_commit(&gather, true, 3401);
    assert_true(gather_waits(&gather, 3402));
}

static void the_rest_of_a_long_step_waits_for_nobody(void **state)
{
    struct gather gather = {0};

    (void)state;
    gather_on_heard(&gather, 64);
    gather_on_begin(&gather, 1000);
    gather_on_commit(&gather, false, 1800);
    assert_false(gather_waits(&gather, 1800));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_commit_waits_for_nobody),
        cmocka_unit_test(a_lone_client_waits_for_nobody),
        cmocka_unit_test(a_commit_begins_with_the_last_of_those_who_were_answered),
        cmocka_unit_test(who_came_during_the_commit_goes_with_those_it_answers),
        cmocka_unit_test(a_commit_waits_in_silence_for_half_of_the_last),
        cmocka_unit_test(a_commit_waits_no_longer_than_the_last_took),
        cmocka_unit_test(after_one_that_hung_the_next_waits_for_a_millisecond),
        cmocka_unit_test(a_wait_in_vain_makes_the_next_commits_wait_for_nobody),
        cmocka_unit_test(when_most_come_the_next_commit_waits_again),
        cmocka_unit_test(the_rest_of_a_long_step_waits_for_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
