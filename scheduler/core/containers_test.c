/*
 * What the core stands on, against the simplest thing that does the same: table, pool, slab, roll
 * and sort. Sizes are such that tables split and merge, buckets overflow and gaps are closed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/roll.h"
#include "core/slab.h"
#include "core/sort.h"
#include "core/table.h"

#define ITEMS 20000

/* xorshift: the same numbers in every run. */
static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 16) % n);
}

static int restart_random(void **state)
{
    (void)state;
    random_state = 0x9e3779b97f4a7c15;
    return 0;
}

/* --- table --------------------------------------------------------------------------------- */

struct table_model {
    struct table table;
    bool present[ITEMS + 1];
    uint32_t hashes[ITEMS + 1];
    uint32_t n;
};

static bool is_found(const struct table *table, uint32_t item, uint32_t hash)
{
    struct table_search search = table_search(table, hash);
    uint32_t found;

    while ((found = table_next(table, &search)) != 0)
        if (found == item)
            return true;
    return false;
}

static void toggle(struct table_model *model, uint32_t item)
{
    model->present[item] = !model->present[item];
    if (model->present[item]) {
        table_add(&model->table, item, model->hashes[item]);
        model->n++;
    } else {
        table_remove(&model->table, item, model->hashes[item]);
        model->n--;
    }
}

static void assert_table_is(struct table_model *model)
{
    struct table_walk walk = {0};
    uint32_t walked = 0;

    for (uint32_t item = 1; item <= ITEMS; item++)
        assert_true(is_found(&model->table, item, model->hashes[item]) == model->present[item]);
    for (uint32_t item; (item = table_walk(&model->table, &walk)) != 0; walked++)
        assert_true(model->present[item]);
    assert_int_equal(walked, model->n);
    assert_int_equal(model->table.n, model->n);
}

/* Hashes are equal for some items, and for many in the low bits, so that chains are long. */
static struct table_model *new_model(uint32_t distinct)
{
    struct table_model *model = memory_alloc_zeroed(1, sizeof *model);

    table_init(&model->table);
    for (uint32_t item = 1; item <= ITEMS; item++)
        model->hashes[item] = random_below(distinct) * 2654435761U;
    return model;
}

static void play_table(uint32_t distinct)
{
    struct table_model *model = new_model(distinct);

    for (uint32_t round = 0; round < 8; round++) {
        for (uint32_t i = 0; i < ITEMS; i++) /* up, until most are present; down, until few are */
            if (model->present[i + 1] == (round % 2 == 1) && random_below(16) > 0)
                toggle(model, i + 1);
        assert_table_is(model);
        for (uint32_t i = 0; i < ITEMS; i++)
            toggle(model, 1 + random_below(ITEMS));
        assert_table_is(model);
    }
    for (uint32_t item = 1; item <= ITEMS; item++)
        if (model->present[item])
            toggle(model, item);
    assert_table_is(model);
    assert_int_equal(model->table.overflows.used, 0);
    table_finish(&model->table);
    free(model);
}

static void a_table_finds_what_is_in_it_and_nothing_else(void **state)
{
    (void)state;
    play_table(1U << 30);
}

static void a_table_holds_many_items_of_one_hash(void **state)
{
    (void)state;
    play_table(300);
}

static void a_table_grows_and_shrinks_with_what_is_in_it(void **state)
{
    struct table_model *model = new_model(1U << 30);
    uint32_t smallest = model->table.n_buckets, largest;

    (void)state;
    for (uint32_t item = 1; item <= ITEMS; item++)
        toggle(model, item);
    largest = model->table.n_buckets;
    assert_true(largest >= ITEMS / TABLE_SLOTS);
    for (uint32_t item = 1; item <= ITEMS; item++)
        toggle(model, item);
    assert_true(largest > smallest);
    assert_int_equal(model->table.n_buckets, smallest);
    table_finish(&model->table);
    free(model);
}

/* --- pool and slab ------------------------------------------------------------------------- */

static void a_pool_gives_out_no_item_twice(void **state)
{
    static bool taken[ITEMS * 2];
    struct pool pool;
    uint32_t n = 0;

    (void)state;
    pool_init(&pool, 24);
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t number = pool_take(&pool);
        assert_true(number > 0 && number < ITEMS * 2);
        assert_false(taken[number]);
        taken[number] = true;
        memset(pool_at(&pool, number), 0xff, 24);
        n++;
        number = 1 + random_below(i + 1);
        if (taken[number]) {
            taken[number] = false;
            pool_give(&pool, number);
            n--;
        }
    }
    assert_int_equal(pool.used, n);
    pool_finish(&pool);
}

struct piece {
    unsigned char *at;
    size_t n;
    unsigned char fill;
};

static void assert_filled(const struct piece *piece)
{
    for (size_t i = 0; i < piece->n; i++)
        assert_int_equal(piece->at[i], piece->fill);
}

/* Whoever writes into a piece of its own does not write into another one. What is left at the end
 * is finish's, which the address sanitizer looks after. */
static void pieces_of_a_slab_do_not_overlap(void **state)
{
    static struct piece pieces[500];
    struct slab slab = {0};

    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++) {
        struct piece *piece = &pieces[random_below(500)];
        if (piece->at != NULL) {
            assert_filled(piece);
            slab_free(&slab, piece->at, piece->n);
        }
        piece->n = random_below(random_below(8) == 0 ? 3000 : 200);
        piece->fill = (unsigned char)i;
        piece->at = slab_alloc(&slab, piece->n);
        assert_int_equal((uintptr_t)piece->at % 16, 0);
        memset(piece->at, piece->fill, piece->n);
    }
    for (uint32_t i = 0; i < 500; i++)
        if (pieces[i].at != NULL)
            assert_filled(&pieces[i]);
    slab_finish(&slab);
}

/* --- roll ---------------------------------------------------------------------------------- */

static uint32_t next_in_model(const bool *present, uint32_t n, uint32_t after)
{
    for (uint32_t ticket = after + 1; ticket <= n; ticket++)
        if (present[ticket])
            return ticket;
    return 0;
}

static void a_roll_is_in_ticket_order_whatever_is_removed(void **state)
{
    static bool present[ITEMS + 1];
    struct roll roll = {0};

    (void)state;
    for (uint32_t ticket = 1; ticket <= ITEMS; ticket++) {
        uint32_t other = 1 + random_below(ticket);
        roll_add(&roll, ticket, ticket);
        present[ticket] = true;
        if (ticket % 8 != 0) /* mostly old ones go, as they do in life */
            other = next_in_model(present, ticket, ticket > 100 ? ticket - 100 : 0);
        if (present[other] && ticket % 16 != 1) {
            roll_remove(&roll, other);
            present[other] = false;
        }
        other = random_below(ticket + 1);
        assert_int_equal(roll_next(&roll, other), next_in_model(present, ticket, other));
    }
    for (uint32_t after = 0; after <= ITEMS; after += 37)
        assert_int_equal(roll_next(&roll, after), next_in_model(present, ITEMS, after));
    roll_finish(&roll);
}

static void gaps_of_a_roll_are_closed(void **state)
{
    struct roll roll = {0};

    (void)state;
    roll_add(&roll, 1, 1); /* stays, so that the gaps are behind it */
    for (uint32_t ticket = 2; ticket <= ITEMS; ticket++) {
        roll_add(&roll, ticket, ticket);
        roll_remove(&roll, ticket);
    }
    assert_true(roll.n < 200);
    assert_int_equal(roll_next(&roll, 0), 1);
    assert_int_equal(roll_next(&roll, 1), 0);
    roll_finish(&roll);
}

/* --- sort ---------------------------------------------------------------------------------- */

static void sorting_is_stable_at_every_size(void **state)
{
    (void)state;
    for (size_t n = 0; n < 700; n++) {
        struct sort_list list = {0};
        uint32_t distinct = 1 + random_below(n < 10 ? 10 : (uint32_t)n);
        for (size_t i = 0; i < n; i++)
            sort_list_add(&list, random_below(distinct), (void *)(uintptr_t)i);
        sort_items(list.items, list.n);
        for (size_t i = 1; i < n; i++)
            assert_true(list.items[i - 1].by < list.items[i].by ||
                        (list.items[i - 1].by == list.items[i].by &&
                         (uintptr_t)list.items[i - 1].of < (uintptr_t)list.items[i].of));
        sort_list_finish(&list);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, restart_random)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table_finds_what_is_in_it_and_nothing_else),
        TEST(a_table_holds_many_items_of_one_hash),
        TEST(a_table_grows_and_shrinks_with_what_is_in_it),
        TEST(a_pool_gives_out_no_item_twice),
        TEST(pieces_of_a_slab_do_not_overlap),
        TEST(a_roll_is_in_ticket_order_whatever_is_removed),
        TEST(gaps_of_a_roll_are_closed),
        TEST(sorting_is_stable_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
