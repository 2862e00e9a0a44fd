#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timers.h"

static void timers_come_out_in_order_of_time(void **state)
{
    struct timers timers = {0};
    struct timer t[100] = {0};
    int64_t last = -1;
    int n = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        timers_arm(&timers, &t[i], (i * 37) % 100);
    for (struct timer *due; (due = timers_pop(&timers, 1000)) != NULL; n++) {
        assert_true(due->at > last);
        last = due->at;
    }
    assert_int_equal(n, 100);
    assert_int_equal(timers_next(&timers), TIMERS_NEVER);
    timers_finish(&timers);
}

static void equal_times_come_out_as_they_were_armed(void **state)
{
    struct timers timers = {0};
    struct timer t[8] = {0};

    (void)state;
    for (int i = 0; i < 8; i++)
        timers_arm(&timers, &t[i], 5);
    for (int i = 0; i < 8; i++)
        assert_ptr_equal(timers_pop(&timers, 5), &t[i]);
    timers_finish(&timers);
}

static void a_timer_is_not_due_before_its_time(void **state)
{
    struct timers timers = {0};
    struct timer t = {0};

    (void)state;
    timers_arm(&timers, &t, 10);
    assert_null(timers_pop(&timers, 9));
    assert_ptr_equal(timers_pop(&timers, 10), &t);
    assert_int_equal(t.place, 0);
    timers_finish(&timers);
}

static void an_armed_timer_can_be_moved_either_way(void **state)
{
    struct timers timers = {0};
    struct timer t[10] = {0};

    (void)state;
    for (int i = 0; i < 10; i++)
        timers_arm(&timers, &t[i], 10 + i);
    timers_arm(&timers, &t[9], 1);
    timers_arm(&timers, &t[0], 100);
    assert_int_equal(timers_next(&timers), 1);
    assert_ptr_equal(timers_pop(&timers, 50), &t[9]);
    assert_ptr_equal(timers_pop(&timers, 50), &t[1]);
    for (int i = 2; i < 9; i++)
        assert_ptr_equal(timers_pop(&timers, 50), &t[i]);
    assert_null(timers_pop(&timers, 50));
    assert_ptr_equal(timers_pop(&timers, 100), &t[0]);
    timers_finish(&timers);
}

static void a_disarmed_timer_never_comes_out(void **state)
{
    struct timers timers = {0};
    struct timer t[20] = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        timers_arm(&timers, &t[i], (i * 7) % 20);
    for (int i = 0; i < 20; i += 2)
        timers_disarm(&timers, &t[i]);
    timers_disarm(&timers, &t[0]);
    for (int i = 0; i < 10; i++) {
        struct timer *due = timers_pop(&timers, 100);
        assert_non_null(due);
        assert_true((due - t) % 2 == 1);
    }
    assert_null(timers_pop(&timers, 100));
    timers_finish(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_out_in_order_of_time),
        cmocka_unit_test(equal_times_come_out_as_they_were_armed),
        cmocka_unit_test(a_timer_is_not_due_before_its_time),
        cmocka_unit_test(an_armed_timer_can_be_moved_either_way),
        cmocka_unit_test(a_disarmed_timer_never_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
