#include "unit.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

static void assert_content(const struct buf *b, const char *expected)
{
    assert_int_equal(buf_size(b), strlen(expected));
    if (expected[0] != '\0')
        assert_memory_equal(buf_data(b), expected, strlen(expected));
}

static void what_is_appended_comes_out_in_order(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_append(&b, "abc", 3);
    buf_append_slice(&b, SLICE("def"));
    buf_append(&b, NULL, 0);
    assert_content(&b, "abcdef");
    buf_consume(&b, 2);
    assert_content(&b, "cdef");
    buf_append(&b, "g", 1);
    assert_content(&b, "cdefg");
    buf_finish(&b);
    assert_content(&b, "");
}

static void a_steady_flow_settles_at_one_size(void **state)
{
    struct buf b = {0};
    size_t cap;

    (void)state;
    buf_append(&b, "0123456789", 10);
    cap = b.cap;
    for (int i = 0; i < 10000; i++) {
        buf_append(&b, "0123456789", 10);
        buf_consume(&b, 10);
    }
    assert_content(&b, "0123456789");
    assert_true(b.cap == cap);
    buf_finish(&b);
}

static void a_large_buffer_that_was_emptied_gives_its_memory_back(void **state)
{
    struct buf b = {0};

    (void)state;
    memset(buf_reserve(&b, 1000000), 0, 1000000);
    b.end += 1000000;
    buf_consume(&b, 999999);
    assert_true(b.cap >= 1000000);
    buf_consume(&b, 1);
    assert_true(b.cap == 0 && b.at == NULL);
}

/* Against a plain array: random appends and consumes give the same bytes. */
static void any_order_of_appending_and_consuming_keeps_the_bytes(void **state)
{
    struct buf b = {0};
    uint64_t seed = 1;
    unsigned char in = 0, out = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t n = unit_random(&seed) % 300;
        if (unit_random(&seed) % 2 == 0) {
            char *at = buf_reserve(&b, n);
            for (size_t j = 0; j < n; j++)
                at[j] = (char)in++;
            b.end += n;
        } else {
            n = n < buf_size(&b) ? n : buf_size(&b);
            for (size_t j = 0; j < n; j++)
                assert_true((unsigned char)buf_data(&b)[j] == out++);
            buf_consume(&b, n);
        }
    }
    buf_finish(&b);
}

static void slices_are_ordered_by_bytes_with_a_prefix_first(void **state)
{
    (void)state;
    assert_true(slice_compare(SLICE("a"), SLICE("ab")) < 0);
    assert_true(slice_compare(SLICE("b"), SLICE("ab")) > 0);
    assert_true(slice_compare(SLICE("\x7f"), SLICE("\x80")) < 0);
    assert_true(slice_compare(SLICE("ab"), SLICE("ab")) == 0);
    assert_true(slice_compare((struct slice){NULL, 0}, SLICE("")) == 0);
    assert_true(slice_equal((struct slice){NULL, 0}, SLICE("")));
    assert_false(slice_equal(SLICE("ab"), SLICE("ac")));
    assert_false(slice_equal(SLICE("ab"), SLICE("a")));
    assert_true(slice_equal(slice_of("text"), SLICE("text")));
}

static void what_an_arena_gave_stays_until_the_reset(void **state)
{
    struct arena arena = {0};
    char *at[200];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 200; i++) {
            size_t n = (size_t)i * 100 + 1;
            at[i] = arena_alloc(&arena, n);
            assert_true((uintptr_t)at[i] % 8 == 0);
            memset(at[i], i, n);
        }
        for (int i = 0; i < 200; i++)
            for (size_t j = 0; j < (size_t)i * 100 + 1; j++)
                assert_true((unsigned char)at[i][j] == i);
        arena_reset(&arena);
        assert_true(arena.total == 0);
    }
    arena_finish(&arena);
}

static void an_arena_copies_what_is_empty_but_not_what_is_absent(void **state)
{
    struct arena arena = {0};
    struct slice copy = arena_copy(&arena, SLICE("text"));

    (void)state;
    assert_true(slice_equal(copy, SLICE("text")));
    assert_true(arena_copy(&arena, SLICE("")).at != NULL);
    assert_true(arena_copy(&arena, (struct slice){NULL, 0}).at == NULL);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_comes_out_in_order),
        cmocka_unit_test(a_steady_flow_settles_at_one_size),
        cmocka_unit_test(a_large_buffer_that_was_emptied_gives_its_memory_back),
        cmocka_unit_test(any_order_of_appending_and_consuming_keeps_the_bytes),
        cmocka_unit_test(slices_are_ordered_by_bytes_with_a_prefix_first),
        cmocka_unit_test(what_an_arena_gave_stays_until_the_reset),
        cmocka_unit_test(an_arena_copies_what_is_empty_but_not_what_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
