/*
 * What a store holds is looked at before it is believed: a row with a column that no daemon writes
 * is refused as damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/server.h"

static const struct store_op usual = {
    .ticket = 5,
    .ns = {"default", 7},
    .id = {"an op", 5},
    .session = 9,
    .detached = 1,
    .wait_ms = -1,
    .claim_in_ms = -1,
    .who = {"me", 2},
    .why = {"", 0},
    .submitted_ms = 1,
    .content = {"sixteen bytes ok", 16},
    .seq = 7,
    .state = 1,
    .token = (3LL << 32) + 1,
    .lease_ms = 1000,
    .granted_ms = 2,
    .keys = {"[\"a/b\",\"c\"]", 11},
};
static const struct store_session usual_session = {
    .id = 9,
    .grace_ms = 1000,
    .ns = {"default", 7},
    .secret = {"0123456789abcdef0123456789abcdef", 32},
    .peer = {"uid:1000", 8},
};
static const struct store_meta usual_meta = {.epoch = 3, .seq = 7, .ticket = 5};

/* --- a store that holds one of each ----------------------------------------------------------- */

static struct held {
    struct store_meta meta;
    struct store_session session;
    struct store_op op, other; /* no ticket: there is no other */
} held;

static struct store_result open_held(struct store *store, const struct store_recovery *recovery,
                                     struct store_meta *meta)
{
    (void)store;
    *meta = held.meta;
    if (recovery->on_session(recovery->context, &held.session) &&
        recovery->on_op(recovery->context, &held.op) &&
        (held.other.ticket == 0 || recovery->on_op(recovery->context, &held.other)))
        return (struct store_result){.status = STORE_OK};
    return (struct store_result){STORE_DAMAGED, "refused"};
}

static struct store_result commit(struct store *store, const struct store_batch *batch)
{
    (void)store;
    (void)batch;
    return (struct store_result){.status = STORE_OK};
}

static uint64_t free_bytes(struct store *store)
{
    (void)store;
    return UINT64_MAX;
}

static void draw(void *context, void *bytes, size_t n)
{
    (void)context;
    memset(bytes, 7, n);
}

static enum store_status recover(void)
{
    static const struct store_interface interface = {
        .open = open_held, .commit = commit, .free_bytes = free_bytes};
    struct store store = {&interface};
    struct server_config config = {.store = &store, .outside = {.random = draw}};
    struct server *server;
    struct store_result result;

#define USUAL(name, value, least, most) config.limits.name = value;
    SERVER_LIMIT_LIST(USUAL)
#undef USUAL
    server = server_create(&config);
    result = server_recover(server, 1000, 1);
    server_destroy(server);
    return result.status;
}

static int hold_usual(void **state)
{
    (void)state;
    held = (struct held){.meta = usual_meta, .session = usual_session, .op = usual};
    return 0;
}

/* --- stories --------------------------------------------------------------------------------- */

static void what_a_daemon_wrote_is_recovered(void **state)
{
    (void)state;
    assert_int_equal(recover(), STORE_OK);
}

static void a_number_out_of_its_bounds_is_damage(void **state)
{
    int64_t *const numbers[] = {
#define AT(name) &held.op.name,
#define NOTHING(name)
        STORE_OP_COLUMNS(AT, NOTHING, NOTHING)
#undef NOTHING
#undef AT
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        hold_usual(state);
        *numbers[i] = INT64_MIN;
        assert_int_equal(recover(), STORE_DAMAGED);
        if (numbers[i] == &held.op.unchanged_since)
            continue; /* any seq may be asked about */
        *numbers[i] = INT64_MAX;
        assert_int_equal(recover(), STORE_DAMAGED);
    }
}

static void text_that_is_none_is_damage(void **state)
{
    struct slice *const texts[] = {
#define AT(name) &held.op.name,
#define NOTHING(name)
        STORE_OP_COLUMNS(NOTHING, AT, NOTHING)
#undef NOTHING
#undef AT
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        hold_usual(state);
        *texts[i] = SLICE("\xff");
        assert_int_equal(recover(), STORE_DAMAGED);
    }
}

static void bytes_that_would_break_an_answer_are_damage(void **state)
{
    held.op.meta = SLICE("\x92\x01");
    assert_int_equal(recover(), STORE_DAMAGED);
    hold_usual(state);
    held.op.payload = SLICE("\x01\x01");
    assert_int_equal(recover(), STORE_DAMAGED);
    hold_usual(state);
    held.op.progress = SLICE("\xc0");
    assert_int_equal(recover(), STORE_DAMAGED);
}

static void a_path_that_is_not_canonical_is_damage(void **state)
{
    static const char *const keys[] = {"[\"a//b\"]",
                                       "[\"/\"]",
                                       "[\"a/\"]",
                                       "[\"%2f\"]",
                                       "[\"%\"]",
                                       "[\"\xc0\"]",
                                       "[\"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        held.op.keys = slice_of(keys[i]);
        assert_int_equal(recover(), STORE_DAMAGED);
    }
}

static void a_name_that_is_too_long_is_damage(void **state)
{
    static const char text[600] = {[0 ... 599] = 'n'};

    held.op.ns = (struct slice){text, sizeof text};
    assert_int_equal(recover(), STORE_DAMAGED);
    hold_usual(state);
    held.session.ns = (struct slice){text, sizeof text};
    assert_int_equal(recover(), STORE_DAMAGED);
}

static void a_session_without_sense_is_damage(void **state)
{
    held.session.grace_ms = INT64_MAX;
    assert_int_equal(recover(), STORE_DAMAGED);
    hold_usual(state);
    held.session.secret.n = 31;
    assert_int_equal(recover(), STORE_DAMAGED);
    hold_usual(state);
    held.session.id = 0;
    assert_int_equal(recover(), STORE_DAMAGED);
}

/* They go on rising, and must not wrap around. */
static void a_meta_row_near_its_end_is_damage(void **state)
{
    held.meta.epoch = UINT64_MAX;
    assert_int_equal(recover(), STORE_DAMAGED);
    hold_usual(state);
    held.meta.seq = INT64_MAX;
    assert_int_equal(recover(), STORE_DAMAGED);
    hold_usual(state);
    held.meta.ticket = UINT64_MAX;
    assert_int_equal(recover(), STORE_DAMAGED);
}

static void a_token_of_an_epoch_to_come_is_damage(void **state)
{
    (void)state;
    held.op.token = 4LL << 32;
    assert_int_equal(recover(), STORE_DAMAGED);
}

/* Of the two a resource that remembers the highest could refuse neither. */
static void a_token_that_two_hold_is_damage(void **state)
{
    (void)state;
    held.meta.ticket = 6;
    held.other = usual;
    held.other.ticket = 6;
    held.other.id = SLICE("another");
    held.other.keys = SLICE("[\"d\"]");
    held.other.token++;
    assert_int_equal(recover(), STORE_OK);
    held.other.token--;
    assert_int_equal(recover(), STORE_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_a_daemon_wrote_is_recovered, hold_usual),
        cmocka_unit_test_setup(a_number_out_of_its_bounds_is_damage, hold_usual),
        cmocka_unit_test_setup(text_that_is_none_is_damage, hold_usual),
        cmocka_unit_test_setup(bytes_that_would_break_an_answer_are_damage, hold_usual),
        cmocka_unit_test_setup(a_path_that_is_not_canonical_is_damage, hold_usual),
        cmocka_unit_test_setup(a_name_that_is_too_long_is_damage, hold_usual),
        cmocka_unit_test_setup(a_session_without_sense_is_damage, hold_usual),
        cmocka_unit_test_setup(a_meta_row_near_its_end_is_damage, hold_usual),
        cmocka_unit_test_setup(a_token_of_an_epoch_to_come_is_damage, hold_usual),
        cmocka_unit_test_setup(a_token_that_two_hold_is_damage, hold_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
