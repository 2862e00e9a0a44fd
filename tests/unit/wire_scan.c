#include "unit.h"

#include "notation.h"
#include "wire/scan.h"

#define BYTES_MAX 1000
#define DEPTH_MAX 8

static struct scanner new_scanner(void)
{
    return (struct scanner){.bytes_max = BYTES_MAX, .depth_max = DEPTH_MAX};
}

static enum scan_result scan_all(const char *bytes, size_t n, size_t *n_frame)
{
    struct scanner scanner = new_scanner();
    return scan(&scanner, bytes, n, n_frame);
}

#define SCAN_LITERAL(literal, n_frame) scan_all(literal, sizeof(literal) - 1, n_frame)

static const char *const messages[] = {
    "nil",
    "true",
    "0",
    "-1",
    "127",
    "128",
    "-32",
    "-33",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "-32769",
    "-2147483649",
    "18446744073709551615",
    "1.5",
    "''",
    "'a'*31",
    "'a'*32",
    "'a'*255",
    "'a'*256",
    "b''",
    "b'a'*256",
    "ext'a'",
    "ext'ab'",
    "ext'abc'",
    "ext'abcd'",
    "ext'abcdefgh'",
    "ext'a'*16",
    "ext'a'*17",
    "ext'a'*256",
    "[]",
    "{}",
    "[[], {}, [[]], {'a': []}]",
    "[[[[[[[[]]]]]]]]",
    "[{[1, 2]: {'x': nil}}, 'tail', 1]",
    "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]",
    "[0, 4294967294, 'submit', [{'keys': {'Project': [25, 47, 'x'], 'Task': []}, 'wait': false}]]",
    "[2, 'progress', [1.25, -7, b'\xff\\x00']]",
};

#define N_MESSAGES (sizeof messages / sizeof messages[0])

static void a_message_is_found_whole_and_each_beginning_of_it_is_not_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MESSAGES; i++) {
        struct buf b = {0};
        size_t n_frame = 0, n;

        notation_pack(&b, messages[i]);
        n = buf_size(&b);
        for (size_t part = 0; part < n; part++)
            assert_int_equal(scan_all(buf_data(&b), part, &n_frame), SCAN_MORE);
        assert_int_equal(scan_all(buf_data(&b), n, &n_frame), SCAN_FRAME);
        assert_int_equal(n_frame, n);
        buf_append(&b, "\xc1", 1);
        assert_int_equal(scan_all(buf_data(&b), n + 1, &n_frame), SCAN_FRAME);
        assert_int_equal(n_frame, n);
        buf_finish(&b);
    }
}

static void it_goes_on_where_it_stopped_at_each_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MESSAGES; i++) {
        struct buf b = {0};
        size_t n_frame = 0, n;

        notation_pack(&b, messages[i]);
        n = buf_size(&b);
        for (size_t first = 0; first < n; first++) {
            struct scanner scanner = new_scanner();
            assert_int_equal(scan(&scanner, buf_data(&b), first, &n_frame), SCAN_MORE);
            assert_int_equal(scan(&scanner, buf_data(&b), n, &n_frame), SCAN_FRAME);
            assert_int_equal(n_frame, n);
        }
        buf_finish(&b);
    }
}

/* The bytes move between the calls, and one scanner does for message after message. */
static void byte_by_byte_at_changing_addresses_is_the_same(void **state)
{
    struct scanner scanner = new_scanner();
    char at[2][BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < N_MESSAGES; i++) {
        struct buf b = {0};
        size_t n_frame = 0, n;

        notation_pack(&b, messages[i]);
        n = buf_size(&b);
        for (size_t part = 1; part <= n; part++) {
            memset(at, 0xc1, sizeof at);
            memcpy(at[part % 2], buf_data(&b), part);
            assert_int_equal(scan(&scanner, at[part % 2], part, &n_frame),
                             part < n ? SCAN_MORE : SCAN_FRAME);
        }
        assert_int_equal(n_frame, n);
        buf_finish(&b);
    }
}

/* What is understood is not read again: it may even have been overwritten. A head may be, up to
 * four bytes of it. */
static void understood_bytes_are_not_looked_at_again(void **state)
{
    struct scanner scanner = new_scanner();
    struct buf b = {0};
    size_t n_frame;

    (void)state;
    notation_pack(&b, "['a'*100, [1, 2, 'b'*40], {'c': -1}]");
    for (size_t part = 1; part < buf_size(&b); part++) {
        assert_int_equal(scan(&scanner, buf_data(&b), part, &n_frame), SCAN_MORE);
        memset(buf_data(&b), 0xc1, scanner.offset < part ? scanner.offset : part);
    }
    assert_int_equal(scan(&scanner, buf_data(&b), buf_size(&b), &n_frame), SCAN_FRAME);
    assert_int_equal(n_frame, buf_size(&b));
    buf_finish(&b);
}

static void messages_that_came_together_are_told_apart(void **state)
{
    struct scanner scanner = new_scanner();
    struct buf b = {0};
    size_t n_frame, done = 0;

    (void)state;
    for (size_t i = 0; i < N_MESSAGES; i++)
        notation_pack(&b, messages[i]);
    for (size_t i = 0; i < N_MESSAGES; i++) {
        assert_int_equal(scan(&scanner, buf_data(&b) + done, buf_size(&b) - done, &n_frame),
                         SCAN_FRAME);
        done += n_frame;
    }
    assert_int_equal(done, buf_size(&b));
    assert_int_equal(scan(&scanner, buf_data(&b) + done, 0, &n_frame), SCAN_MORE);
    buf_finish(&b);
}

static void the_reserved_byte_is_not_messagepack(void **state)
{
    size_t n_frame;

    (void)state;
    assert_int_equal(SCAN_LITERAL("\xc1", &n_frame), SCAN_BROKEN);
    assert_int_equal(SCAN_LITERAL("\x92\x01\xc1", &n_frame), SCAN_BROKEN);
    assert_int_equal(SCAN_LITERAL("\x81\xa1\x61\xc1", &n_frame), SCAN_BROKEN);
    assert_int_equal(SCAN_LITERAL("\xa1\xc1", &n_frame), SCAN_FRAME);
}

/* A str 16 of this many bytes, head included. */
static size_t text_message(char *at, size_t size)
{
    memset(at, 'a', size);
    at[0] = (char)0xda;
    at[1] = (char)((size - 3) >> 8);
    at[2] = (char)(size - 3);
    return size;
}

static void a_message_may_have_as_many_bytes_as_the_limit_says(void **state)
{
    char at[BYTES_MAX + 1];
    size_t n_frame = 0;

    (void)state;
    assert_int_equal(scan_all(at, text_message(at, BYTES_MAX), &n_frame), SCAN_FRAME);
    assert_int_equal(n_frame, BYTES_MAX);
    assert_int_equal(scan_all(at, text_message(at, BYTES_MAX + 1), &n_frame), SCAN_TOO_BIG);
}

static void a_length_over_the_limit_is_refused_before_its_bytes_come(void **state)
{
    size_t n_frame;

    (void)state;
    assert_int_equal(SCAN_LITERAL("\xda\x03\xe6", &n_frame), SCAN_TOO_BIG); /* 3 + 998 */
    assert_int_equal(SCAN_LITERAL("\xda\x03\xe5", &n_frame), SCAN_MORE);
    assert_int_equal(SCAN_LITERAL("\xdb\xff\xff\xff\xff", &n_frame), SCAN_TOO_BIG);
    assert_int_equal(SCAN_LITERAL("\xc6\xff\xff\xff\xff", &n_frame), SCAN_TOO_BIG);
    assert_int_equal(SCAN_LITERAL("\xc9\xff\xff\xff\xff", &n_frame), SCAN_TOO_BIG);
    assert_int_equal(SCAN_LITERAL("\xc8\x03\xe5", &n_frame), SCAN_TOO_BIG); /* 3 + 1 + 997 */
    assert_int_equal(SCAN_LITERAL("\xc8\x03\xe4", &n_frame), SCAN_MORE);
}

static void a_count_that_cannot_fit_is_refused_before_its_elements_come(void **state)
{
    size_t n_frame;

    (void)state;
    assert_int_equal(SCAN_LITERAL("\xdc\x03\xe6", &n_frame), SCAN_TOO_BIG); /* 3 + 998 */
    assert_int_equal(SCAN_LITERAL("\xdc\x03\xe5", &n_frame), SCAN_MORE);
    assert_int_equal(SCAN_LITERAL("\xde\x01\xf3", &n_frame), SCAN_TOO_BIG); /* 3 + 2 * 499 */
    assert_int_equal(SCAN_LITERAL("\xde\x01\xf2", &n_frame), SCAN_MORE);
    assert_int_equal(SCAN_LITERAL("\xdd\xff\xff\xff\xff", &n_frame), SCAN_TOO_BIG);
    assert_int_equal(SCAN_LITERAL("\xdf\xff\xff\xff\xff", &n_frame), SCAN_TOO_BIG);
}

/* Each fits by itself, together they do not. */
static void promises_add_up(void **state)
{
    size_t n_frame;

    (void)state;
    assert_int_equal(SCAN_LITERAL("\xdc\x01\xf4\xdc\x01\xef", &n_frame), SCAN_MORE);
    assert_int_equal(SCAN_LITERAL("\xdc\x01\xf4\xdc\x01\xf0", &n_frame), SCAN_TOO_BIG);
    assert_int_equal(SCAN_LITERAL("\xdc\x03\xe5\xa1", &n_frame), SCAN_TOO_BIG);
    assert_int_equal(SCAN_LITERAL("\xdc\x03\xe5\x01", &n_frame), SCAN_MORE);
}

static void the_outermost_container_is_level_1(void **state)
{
    struct scanner flat = {.bytes_max = BYTES_MAX, .depth_max = 1};
    size_t n_frame;

    (void)state;
    assert_int_equal(SCAN_LITERAL("\x91\x91\x91\x91\x91\x91\x91\x90", &n_frame), SCAN_FRAME);
    assert_int_equal(SCAN_LITERAL("\x91\x91\x91\x91\x91\x91\x91\x91\x90", &n_frame), SCAN_TOO_DEEP);
    assert_int_equal(SCAN_LITERAL("\x91\x91\x91\x91\x91\x91\x91\x91\x80", &n_frame), SCAN_TOO_DEEP);
    assert_int_equal(scan(&flat, "\x92\x01\x02", 3, &n_frame), SCAN_FRAME);
    assert_int_equal(scan(&flat, "\x91\x80", 2, &n_frame), SCAN_TOO_DEEP);
}

/* Siblings do not add to the depth, however many were opened and closed before. */
static void depth_is_that_of_open_containers_only(void **state)
{
    size_t n_frame;

    (void)state;
    assert_int_equal(SCAN_LITERAL("\x94\x90\x91\x90\x91\x91\x90"
                                  "\x91\x91\x91\x91\x91\x91\x90",
                                  &n_frame),
                     SCAN_FRAME);
    assert_int_equal(SCAN_LITERAL("\x94\x90\x91\x90\x91\x91\x90"
                                  "\x91\x91\x91\x91\x91\x91\x91\x90",
                                  &n_frame),
                     SCAN_TOO_DEEP);
}

static void random_bytes_get_the_same_answer_at_once_and_in_pieces(void **state)
{
    static const char likely[] = "\x90\x91\x92\xdc\xde\x81\xa1\xa3\xd9\xc4\xc7\xcc\xcf\xc0\x00\x01";
    uint64_t seed = 3;
    char at[64];

    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct scanner scanner = new_scanner();
        size_t n = 1 + unit_random(&seed) % sizeof at, n_whole = 0, n_pieces = 0;
        enum scan_result whole, pieces = SCAN_MORE;

        for (size_t i = 0; i < n; i++)
            at[i] = unit_random(&seed) % 3 == 0 ? (char)unit_random(&seed)
                                                : likely[unit_random(&seed) % (sizeof likely - 1)];
        whole = scan_all(at, n, &n_whole);
        for (size_t part = 0; part <= n && pieces == SCAN_MORE; part++)
            pieces = scan(&scanner, at, part, &n_pieces);
        assert_int_equal(pieces, whole);
        assert_int_equal(n_pieces, n_whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_found_whole_and_each_beginning_of_it_is_not_enough),
        cmocka_unit_test(it_goes_on_where_it_stopped_at_each_byte),
        cmocka_unit_test(byte_by_byte_at_changing_addresses_is_the_same),
        cmocka_unit_test(understood_bytes_are_not_looked_at_again),
        cmocka_unit_test(messages_that_came_together_are_told_apart),
        cmocka_unit_test(the_reserved_byte_is_not_messagepack),
        cmocka_unit_test(a_message_may_have_as_many_bytes_as_the_limit_says),
        cmocka_unit_test(a_length_over_the_limit_is_refused_before_its_bytes_come),
        cmocka_unit_test(a_count_that_cannot_fit_is_refused_before_its_elements_come),
        cmocka_unit_test(promises_add_up),
        cmocka_unit_test(the_outermost_container_is_level_1),
        cmocka_unit_test(depth_is_that_of_open_containers_only),
        cmocka_unit_test(random_bytes_get_the_same_answer_at_once_and_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
