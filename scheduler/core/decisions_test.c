/*
 * What the core decides where the rules leave it open, and bounds that a story would not show.
 * The rules themselves are told in tests/spec.
 */
#include <pthread.h>
#include <stdio.h>

#include "core/state.h"
#include "fixture.h"

const struct core_config config = {.hash_key = {1, 2}, .epoch = 1, .limits = ROOMY};

static struct event submit_event(const char *id, const struct core_key *keys, uint32_t n)
{
    struct event event = about(EVENT_SUBMIT, id);

    event.keys = keys;
    event.n_keys = n;
    return event;
}

static struct op *submit(const char *id, const struct core_key *keys, uint32_t n)
{
    struct event event = submit_event(id, keys, n);

    core_step(core, &event, &out);
    assert_int_equal(out.status, LOCKQ_OK);
    return out.op;
}

static struct core_key exclusive(const char *path)
{
    return (struct core_key){slice_of(path), MODE_X};
}

#define MANY 5000

/* "Project/00001", ... */
static const struct core_key *many_keys(void)
{
    static char paths[MANY][16];
    static struct core_key keys[MANY];

    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(paths[i], sizeof paths[i], "Project/%05u", i);
        keys[i] = exclusive(paths[i]);
    }
    return keys;
}

static void a_blocker_above_many_of_our_keys_is_looked_at_once(void **state)
{
    struct core_key project = exclusive("Project"), task = exclusive("Zebra");
    struct core_key keys[MANY + 1];
    struct ahead ahead;

    (void)state;
    memcpy(keys, many_keys(), MANY * sizeof *keys);
    keys[MANY] = task;
    submit("above", &project, 1);
    submit("other", &task, 1);
    core_ahead(core, submit("bulk", keys, MANY + 1), &ahead);
    assert_int_equal(ahead.count, 2);
    assert_false(ahead.more);
    assert_true(slice_equal(ahead.blockers[0].key, project.path));
    assert_true(slice_equal(ahead.blockers[1].key, task.path));
}

static void claims_that_do_not_conflict_are_not_looked_at(void **state)
{
    const struct core_key *keys = many_keys();
    struct ahead ahead;
    char id[16];

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "op-%u", i);
        submit(id, &keys[i], 1);
    }
    core_ahead(core, submit("last", &keys[MANY - 1], 1), &ahead);
    assert_int_equal(ahead.count, 1);
    assert_false(ahead.more);
}

static void what_is_due_ends_by_deadline_then_ticket(void **state)
{
    static const struct {
        const char *id;
        int64_t wait_ms;
    } line[] = {{"c", 30}, {"a", 10}, {"d", 30}, {"b", 20}};
    struct core_key key = exclusive("k");
    struct event tick = {.type = EVENT_TICK, .now_ms = 100, .until_ms = 100, .wall_ms = 1};

    (void)state;
    submit("holder", &key, 1);
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        struct event event = submit_event(line[i].id, &key, 1);
        event.wait_ms = line[i].wait_ms;
        core_step(core, &event, &out);
    }
    core_step(core, &tick, &out);
    assert_int_equal(out.n_effects, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(out.effects[i].type, EFFECT_ENDED);
        assert_int_equal(out.effects[i].op->id.at[0], "abcd"[i]);
    }
}

static void a_tied_operation_is_not_given_a_lease_by_renewing(void **state)
{
    struct core_key key = exclusive("k");
    struct event renew = about(EVENT_RENEW, "tied");
    uint64_t seq = submit("tied", &key, 1)->seq;

    (void)state;
    renew.lease_ms = 1000;
    core_step(core, &renew, &out);
    assert_int_equal(out.status, LOCKQ_BAD_REQUEST);
    assert_int_equal(out.op->seq, seq);
    renew.lease_ms = -1;
    core_step(core, &renew, &out);
    assert_int_equal(out.status, LOCKQ_OK);
}

/* Its successor counts tokens from its own epoch on: one that is as high would come again. */
static void a_token_of_an_epoch_to_come_is_not_recovered(void **state)
{
    struct core_key key = exclusive("k");
    struct op *op = submit("granted", &key, 1);
    struct core_config later = config;
    struct core *successor;

    (void)state;
    later.seq = op->seq;
    later.ticket = op->ticket;
    successor = core_create(&later);
    assert_null(core_recover_op(successor, SLICE("default"), op, &key, 1, 1));
    core_destroy(successor);

    later.epoch++;
    successor = core_create(&later);
    assert_non_null(core_recover_op(successor, SLICE("default"), op, &key, 1, 1));
    core_destroy(successor);
}

static void submit_child(uint32_t number, const struct core_key *key)
{
    char id[16], parent[16];
    struct event event;

    snprintf(id, sizeof id, "child-%u", number);
    snprintf(parent, sizeof parent, "task-%u", number);
    event = submit_event(id, key, 1);
    event.parent = slice_of(parent);
    core_step(core, &event, &out);
    assert_int_equal(out.status, LOCKQ_OK);
}

/* Each task holds a key, and the child of each waits for the key of the next. */
static void *close_a_long_circle(void *unused)
{
    const struct core_key *keys = many_keys();
    char id[16];

    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "task-%u", i);
        submit(id, &keys[i], 1);
    }
    for (uint32_t i = 0; i < MANY; i++)
        submit_child(i, &keys[(i + 1) % MANY]);
    return unused;
}

#define LITTLE_STACK ((size_t)128 * 1024)

static void a_circle_may_be_longer_than_the_stack_is_deep(void **state)
{
    pthread_attr_t attributes;
    pthread_t thread;

    (void)state;
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, LITTLE_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, close_a_long_circle, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    assert_int_equal(out.end, END_DEADLOCK);
    assert_int_equal(out.ahead.count, 2 * MANY - 1);
    assert_int_equal(out.ahead.shown, CORE_BLOCKERS_SHOWN);
    assert_true(slice_equal(out.ahead.blockers[0].op->id, SLICE("task-0")));
    assert_true(slice_equal(out.ahead.blockers[1].op->id, SLICE("child-0")));
}

/* It would take years to give them all out. */
static void an_epoch_that_is_used_up_is_followed_by_the_next(void **state)
{
    const struct core_key *keys = many_keys();

    (void)state;
    core->n_tokens = CORE_TOKENS_AN_EPOCH - 2;
    assert_int_equal(submit("last", &keys[0], 1)->token, 2 * CORE_TOKENS_AN_EPOCH - 1);
    assert_int_equal(submit("first", &keys[1], 1)->token, 2 * CORE_TOKENS_AN_EPOCH + 1);
}

static void what_is_remembered_for_ever_is_never_due(void **state)
{
    static const uint64_t ages_ms[] = {INT64_MAX - 1, INT64_MAX, UINT64_MAX};
    struct core_key key = exclusive("k");
    struct event kill = {
        .type = EVENT_KILL, .now_ms = 10, .wall_ms = 10, .ns = SLICE("default"), .op = SLICE("op")};

    (void)state;
    for (size_t i = 0; i < sizeof ages_ms / sizeof ages_ms[0]; i++) {
        struct core_config lasting = config;
        lasting.limits.remembered_ms = ages_ms[i];
        core_destroy(core);
        core = core_create(&lasting);
        submit("op", &key, 1);
        core_step(core, &kill, &out);
        assert_int_equal(core_next_deadline(core), CORE_FOREVER);
    }
}

static void blockers_are_listed_as_far_as_there_is_room(void **state)
{
    struct core_key shared = {SLICE("k"), MODE_S}, key = exclusive("k");
    struct op *granted = submit("a", &shared, 1), *waiting;
    struct blocker list[2];
    bool more;

    (void)state;
    submit("b", &shared, 1);
    waiting = submit("c", &key, 1);
    assert_int_equal(core_blockers(core, waiting, list, 2, &more), 2);
    assert_false(more);
    assert_int_equal(core_blockers(core, waiting, list, 1, &more), 1);
    assert_true(more);
    assert_ptr_equal(list[0].op, granted);
    assert_int_equal(core_blockers(core, granted, list, 2, &more), 0);
    assert_false(more);
    submit("many", many_keys(), MANY);
    assert_int_equal(core_blockers(core, submit("too", many_keys(), MANY), list, 2, &more), 1);
    assert_true(more);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blocker_above_many_of_our_keys_is_looked_at_once),
        TEST(claims_that_do_not_conflict_are_not_looked_at),
        TEST(what_is_due_ends_by_deadline_then_ticket),
        TEST(a_tied_operation_is_not_given_a_lease_by_renewing),
        TEST(a_token_of_an_epoch_to_come_is_not_recovered),
        TEST(an_epoch_that_is_used_up_is_followed_by_the_next),
        TEST(what_is_remembered_for_ever_is_never_due),
        TEST(blockers_are_listed_as_far_as_there_is_room),
        TEST(a_circle_may_be_longer_than_the_stack_is_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
