#include "unit.h"

#include "base/list.h"
#include "base/timers.h"

static void timers_come_out_by_time_and_equal_ones_as_they_were_armed(void **state)
{
    struct timers timers = {0};
    struct timer a = {0}, b = {0}, c = {0}, d = {0};

    (void)state;
    assert_true(timers_next(&timers) == TIMERS_NEVER);
    timers_arm(&timers, &a, 20);
    timers_arm(&timers, &b, 10);
    timers_arm(&timers, &c, 20);
    timers_arm(&timers, &d, 10);
    assert_true(timers_next(&timers) == 10);
    assert_null(timers_pop(&timers, 9));
    assert_ptr_equal(timers_pop(&timers, 10), &b);
    assert_ptr_equal(timers_pop(&timers, 10), &d);
    assert_null(timers_pop(&timers, 19));
    assert_ptr_equal(timers_pop(&timers, 100), &a);
    assert_ptr_equal(timers_pop(&timers, 100), &c);
    assert_null(timers_pop(&timers, 100));
    timers_finish(&timers);
}

static void arming_an_armed_timer_moves_it(void **state)
{
    struct timers timers = {0};
    struct timer a = {0}, b = {0};

    (void)state;
    timers_arm(&timers, &a, 10);
    timers_arm(&timers, &b, 20);
    timers_arm(&timers, &a, 30);
    assert_ptr_equal(timers_pop(&timers, 30), &b);
    timers_arm(&timers, &a, 5);
    assert_true(timers_next(&timers) == 5);
    timers_disarm(&timers, &a);
    timers_disarm(&timers, &a);
    assert_true(timers_next(&timers) == TIMERS_NEVER);
    timers_finish(&timers);
}

#define N_TIMERS 50

/* Against the plain reading: the least (time, order of arming) of those that are armed. */
static struct timer *first_due(struct timer *all, int64_t now)
{
    struct timer *found = NULL;

    for (int i = 0; i < N_TIMERS; i++) {
        struct timer *timer = &all[i];
        if (timer->place == 0 || timer->at > now)
            continue;
        if (found == NULL || timer->at < found->at ||
            (timer->at == found->at && timer->order < found->order))
            found = timer;
    }
    return found;
}

static void random_arming_and_disarming_keeps_the_order(void **state)
{
    struct timers timers = {0};
    struct timer all[N_TIMERS] = {{0}};
    uint64_t seed = 7;

    (void)state;
    for (int64_t now = 0; now < 20000; now++) {
        struct timer *timer = &all[unit_random(&seed) % N_TIMERS];
        struct timer *due = first_due(all, now);

        assert_ptr_equal(timers_pop(&timers, now), due);
        if (unit_random(&seed) % 4 == 0)
            timers_disarm(&timers, timer);
        else
            timers_arm(&timers, timer, now + (int64_t)(unit_random(&seed) % 64));
    }
    timers_finish(&timers);
}

struct item {
    int number;
    struct list link;
};

static void a_list_keeps_its_order_through_removals(void **state)
{
    struct list head = {0};
    struct item items[5];
    int seen = 0;

    (void)state;
    assert_true(list_is_empty(&head));
    assert_null(list_pop(&head));
    for (int i = 0; i < 5; i++) {
        items[i] = (struct item){.number = i};
        assert_false(list_is_linked(&items[i].link));
        list_append(&head, &items[i].link);
    }
    list_remove(&items[2].link);
    list_remove(&items[2].link);
    LIST_EACH (&head, link) {
        struct item *item = LIST_ENTRY(link, struct item, link);
        seen = seen * 10 + item->number;
        list_remove(link);
    }
    assert_int_equal(seen, 134); /* 0, 1, 3, 4 */
    assert_true(list_is_empty(&head));
    list_append(&head, &items[2].link);
    assert_ptr_equal(list_pop(&head), &items[2].link);
    assert_true(list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_out_by_time_and_equal_ones_as_they_were_armed),
        cmocka_unit_test(arming_an_armed_timer_moves_it),
        cmocka_unit_test(random_arming_and_disarming_keeps_the_order),
        cmocka_unit_test(a_list_keeps_its_order_through_removals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
