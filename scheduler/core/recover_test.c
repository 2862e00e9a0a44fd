/*
 * What recovery refuses: rows that no predecessor of this core can have written. And who is lost.
 */
#include "fixture.h"

const struct core_config config = {.epoch = 2, .seq = 10, .ticket = 10, .limits = ROOMY};

static const struct core_key k = {SLICE("k"), MODE_X}, l = {SLICE("l"), MODE_X},
                             m = {SLICE("m"), MODE_X};

/* A row that is believed. */
static struct op row(const char *id, uint64_t ticket, enum op_state state)
{
    return (struct op){.id = slice_of(id),
                       .ticket = ticket,
                       .seq = ticket,
                       .token = state == OP_WAITING ? 0 : CORE_TOKENS_AN_EPOCH + ticket,
                       .session = 7,
                       .state = state,
                       .end = state == OP_ENDED ? END_RELEASED : END_NONE,
                       .wait_ms = CORE_FOREVER,
                       .lease_ms = CORE_FOREVER,
                       .claim_in_ms = CORE_FOREVER};
}

static struct op *add(const struct op *from, const struct core_key *key)
{
    return core_recover_op(core, SLICE("default"), from, key, key != NULL, 1);
}

static void is_refused(struct op from, const struct core_key *key)
{
    assert_null(add(&from, key));
}

static void finish(void)
{
    assert_true(core_recover_finish(core, 1, 1, &out));
    assert_true(core_is_consistent(core));
}

static void what_was_not_given_out_yet_is_refused(void **state)
{
    struct op from = row("a", 5, OP_WAITING);

    (void)state;
    from.ticket = 0;
    is_refused(from, &k);
    from.ticket = config.ticket + 1;
    is_refused(from, &k);
    from = row("a", 5, OP_WAITING);
    from.seq = config.seq + 1;
    is_refused(from, &k);
}

static void tickets_rise(void **state)
{
    struct op first = row("a", 5, OP_GRANTED);

    (void)state;
    assert_non_null(add(&first, &k));
    is_refused(row("b", 5, OP_WAITING), &k);
    is_refused(row("b", 4, OP_WAITING), &k);
}

static void a_state_has_what_belongs_to_it(void **state)
{
    struct op from = row("a", 5, OP_ENDED);
    const struct core_change change = {SLICE("k"), 1, SLICE("x"), SLICE("y")};

    (void)state;
    is_refused(from, &k);
    from.end = END_NONE;
    is_refused(from, NULL);
    from = row("a", 5, OP_GRANTED);
    is_refused(from, NULL);
    from.token = 0;
    is_refused(from, &k);
    from = row("a", 5, OP_GRANTED);
    from.end = END_RELEASED;
    is_refused(from, &k);
    from = row("a", 5, OP_WAITING);
    from.token = 1;
    is_refused(from, &k);
    from = row("a", 5, OP_WAITING);
    from.changed = &change;
    from.n_changed = 1;
    is_refused(from, &k);
}

static void a_child_lives_no_longer_than_its_parent(void **state)
{
    struct op ended = row("ended", 1, OP_ENDED), waiting = row("waiting", 2, OP_WAITING);
    struct op child = row("child", 3, OP_GRANTED);

    (void)state;
    child.parent = add(&ended, NULL);
    assert_non_null(child.parent);
    is_refused(child, &k);
    child.parent = add(&waiting, &l);
    is_refused(child, &k);
    child = row("child", 3, OP_ENDED);
    child.parent = core_find(core, SLICE("default"), SLICE("waiting"));
    is_refused(child, NULL);
    child.parent = core_find(core, SLICE("default"), SLICE("ended"));
    is_refused(child, NULL);
    ended = row("ended later", 4, OP_ENDED);
    child = row("child", 5, OP_ENDED);
    child.parent = add(&ended, NULL);
    child.seq = ended.seq - 1;
    assert_non_null(add(&child, NULL));
}

static void two_cannot_hold_one_key_nor_have_one_token(void **state)
{
    struct op a = row("a", 1, OP_GRANTED), b = row("b", 2, OP_GRANTED);
    struct op c = row("c", 4, OP_GRANTED);

    (void)state;
    b.token = a.token;
    assert_non_null(add(&a, &k));
    assert_non_null(add(&b, &l));
    is_refused(row("d", 3, OP_GRANTED), &k);
    assert_non_null(add(&c, &m));
    assert_false(core_recover_finish(core, 1, 1, &out));
}

static void who_is_lost_ends_before_anything_is_granted(void **state)
{
    struct op parent = row("parent", 1, OP_GRANTED), child = row("child", 2, OP_GRANTED);
    struct op behind = row("behind", 3, OP_WAITING);

    (void)state;
    child.parent = add(&parent, &k);
    core_recover_lost(core, child.parent);
    core_recover_lost(core, add(&child, &k));
    add(&behind, &k);
    finish();
    assert_int_equal(out.n_effects, 3);
    assert_true(slice_equal(out.effects[0].op->id, SLICE("child")));
    assert_int_equal(out.effects[0].op->end, END_LOST);
    assert_true(slice_equal(out.effects[1].op->id, SLICE("parent")));
    assert_int_equal(out.effects[2].type, EFFECT_GRANTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, discard)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_not_given_out_yet_is_refused),
        TEST(tickets_rise),
        TEST(a_state_has_what_belongs_to_it),
        TEST(a_child_lives_no_longer_than_its_parent),
        TEST(two_cannot_hold_one_key_nor_have_one_token),
        TEST(who_is_lost_ends_before_anything_is_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
