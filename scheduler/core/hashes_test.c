/*
 * What has the same hash is told apart: keys, ids, namespaces, sessions. Tables compare hashes of
 * 32 bits first; here they are equal.
 */
#include <stdio.h>

#include "core/sort.h"
#include "fixture.h"

#define TRIED 250000 /* of 2^32 hashes: some seven pairs are to be expected, one within itself */

const struct core_config config = {.hash_key = {3, 4}, .epoch = 1, .limits = ROOMY};

/* --- pairs --------------------------------------------------------------------------------- */

struct pair {
    char a[16], b[16];
};

static void name(uint32_t number, char text[16])
{
    snprintf(text, 16, "n%u", number);
}

static uint32_t hash_of(struct siphash_key key, uint32_t number)
{
    char text[16];

    name(number, text);
    return (uint32_t)siphash13(key, text, strlen(text));
}

/* Two texts of which the first has the hash under one key that the second has under the other. */
static struct pair pair_of(struct siphash_key of_a, struct siphash_key of_b)
{
    struct sort_list list = {0};
    struct pair pair = {"", ""};

    for (uintptr_t i = 0; i < TRIED; i++) {
        sort_list_add(&list, (uint64_t)hash_of(of_a, (uint32_t)i) << 1, (void *)i);
        sort_list_add(&list, (uint64_t)hash_of(of_b, (uint32_t)i + TRIED) << 1 | 1,
                      (void *)(i + TRIED));
    }
    sort_items(list.items, list.n);
    for (size_t i = 1; i < list.n; i++) {
        if (list.items[i - 1].by + 1 != list.items[i].by || (list.items[i].by & 1) == 0)
            continue;
        name((uint32_t)(uintptr_t)list.items[i - 1].of, pair.a);
        name((uint32_t)(uintptr_t)list.items[i].of, pair.b);
    }
    sort_list_finish(&list);
    assert_true(pair.a[0] != '\0');
    return pair;
}

/* As namespace.c makes it. */
static struct siphash_key key_of_namespace(const char *ns)
{
    uint64_t hash = siphash13(config.hash_key, ns, strlen(ns));

    return (struct siphash_key){config.hash_key.k0 ^ hash, config.hash_key.k1};
}

/* --- what is done with them ----------------------------------------------------------------- */

static struct event about_in(const char *ns, enum event_type type, const char *id)
{
    struct event event = about(type, id);

    event.ns = slice_of(ns);
    return event;
}

static void submit(const char *ns, const char *id, const char *path)
{
    struct core_key key = {slice_of(path), MODE_X};
    struct event event = about_in(ns, EVENT_SUBMIT, id);

    event.keys = &key;
    event.n_keys = 1;
    core_step(core, &event, &out);
    assert_int_equal(out.status, LOCKQ_OK);
    assert_false(out.repeated);
    assert_int_equal(out.op->state, OP_GRANTED);
}

static void release(const char *ns, const char *id)
{
    struct event event = about_in(ns, EVENT_RELEASE, id);

    core_step(core, &event, &out);
    assert_int_equal(out.status, LOCKQ_OK);
}

static void changed_by(const char *ns, const char *path, const char *id)
{
    struct core_change change;

    assert_true(core_changed(core, slice_of(ns), slice_of(path), 0, &change));
    assert_true(slice_equal(change.op, slice_of(id)));
}

static void keys_in(const char *ns, const char *other_ns)
{
    struct pair keys = pair_of(key_of_namespace(ns), key_of_namespace(other_ns));

    submit(ns, "a", keys.a);
    submit(other_ns, "b", keys.b);
    assert_true(core_is_consistent(core));
    release(ns, "a");
    release(other_ns, "b");
    changed_by(ns, keys.a, "a");
    changed_by(other_ns, keys.b, "b");
}

static void two_keys_with_one_hash_are_two_keys(void **state)
{
    (void)state;
    keys_in("one", "one");
}

static void so_are_two_keys_of_two_namespaces(void **state)
{
    (void)state;
    keys_in("one", "two");
}

static void ids_in(const char *ns, const char *other_ns)
{
    struct pair ids = pair_of(key_of_namespace(ns), key_of_namespace(other_ns));

    submit(ns, ids.a, "k");
    submit(other_ns, ids.b, "l");
    assert_true(slice_equal(core_find(core, slice_of(ns), slice_of(ids.a))->id, slice_of(ids.a)));
    assert_true(
        slice_equal(core_find(core, slice_of(other_ns), slice_of(ids.b))->id, slice_of(ids.b)));
}

static void two_ids_with_one_hash_are_two_operations(void **state)
{
    (void)state;
    ids_in("one", "one");
}

static void so_are_two_ids_of_two_namespaces(void **state)
{
    (void)state;
    ids_in("one", "two");
}

static void two_namespaces_with_one_hash_are_two_worlds(void **state)
{
    struct pair names = pair_of(config.hash_key, config.hash_key);

    (void)state;
    submit(names.a, "op", "k");
    submit(names.b, "op", "k");
    release(names.a, "op");
    assert_int_equal(core_find(core, slice_of(names.b), SLICE("op"))->state, OP_GRANTED);
}

static void a_namespace_may_have_an_empty_name(void **state)
{
    (void)state;
    submit("", "op", "k");
    submit("one", "op", "k");
    assert_null(core_find(core, SLICE("two"), SLICE("op")));
}

static void two_sessions_with_one_hash_own_each_their_own(void **state)
{
    struct core_key keys[] = {{SLICE("k"), MODE_X}, {SLICE("l"), MODE_X}};
    struct event event = about_in("one", EVENT_SUBMIT, "other");

    (void)state;
    submit("one", "ours", "k");
    event.session = 1ULL << 32 | 6; /* the halves are put together */
    event.keys = &keys[1];
    event.n_keys = 1;
    core_step(core, &event, &out);
    event = (struct event){.type = EVENT_SESSION_END, .now_ms = 1, .wall_ms = 1, .session = 7};
    core_step(core, &event, &out);
    assert_int_equal(out.n_effects, 1);
    assert_true(slice_equal(out.effects[0].op->id, SLICE("ours")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_keys_with_one_hash_are_two_keys),
        TEST(so_are_two_keys_of_two_namespaces),
        TEST(two_ids_with_one_hash_are_two_operations),
        TEST(so_are_two_ids_of_two_namespaces),
        TEST(two_namespaces_with_one_hash_are_two_worlds),
        TEST(a_namespace_may_have_an_empty_name),
        TEST(two_sessions_with_one_hash_own_each_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
