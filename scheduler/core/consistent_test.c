/*
 * The judge that other tests ask, core_is_consistent, says no when something is wrong: each test
 * breaks one thing in a sound core.
 */
#include "core/queue.h"
#include "core/ring.h"
#include "fixture.h"

const struct core_config config = {.epoch = 1, .limits = ROOMY};

static void submit_foreign(void)
{
    struct core_key key = {SLICE("k"), MODE_X};
    struct event event = about(EVENT_SUBMIT, "foreign");

    event.ns = SLICE("other");
    event.keys = &key;
    event.n_keys = 1;
    core_step(core, &event, &out);
}

static void submit(const char *id, const char *path, enum mode mode, const char *parent)
{
    struct core_key key = {slice_of(path), mode};
    struct event event = about(EVENT_SUBMIT, id);

    event.keys = &key;
    event.n_keys = 1;
    if (parent != NULL)
        event.parent = slice_of(parent);
    core_step(core, &event, &out);
    assert_non_null(out.op);
}

static void submit_leased(void)
{
    struct core_key keys[] = {{SLICE("l"), MODE_S}, {SLICE("l/1"), MODE_X}};
    struct event event = about(EVENT_SUBMIT, "leased");

    event.keys = keys;
    event.n_keys = 2;
    event.detached = true;
    event.lease_ms = 1000;
    event.meta = SLICE("m");
    core_step(core, &event, &out);
    event = about(EVENT_CLAIM, "leased");
    event.session = 8;
    core_step(core, &event, &out);
    assert_int_equal(out.status, LOCKQ_OK);
}

static void submit_two(void)
{
    struct core_key keys[] = {{SLICE("a/1"), MODE_X}, {SLICE("ab/1"), MODE_X}};
    struct event event = about(EVENT_SUBMIT, "two");

    event.keys = keys;
    event.n_keys = 2;
    core_step(core, &event, &out);
}

/* One of each kind. */
static int start_with_all_kinds(void **state)
{
    struct event event = about(EVENT_RELEASE, "ended");

    start(state);
    submit_foreign();
    submit("ended", "k", MODE_X, NULL);
    core_step(core, &event, &out);
    submit("holder", "k", MODE_X, NULL);
    submit("waiter", "k", MODE_X, NULL);
    submit("parent", "p", MODE_X, NULL);
    submit("child", "p", MODE_X, "parent");
    submit("waiting child", "k", MODE_X, "parent");
    submit("reader", "s", MODE_S, NULL);
    submit_two();
    submit("other reader", "s", MODE_S, NULL);
    submit_leased();
    assert_true(core_is_consistent(core));
    return 0;
}

static struct core_op *op(const char *id)
{
    return op_of(core_find(core, SLICE("default"), slice_of(id)));
}

static struct core_op *foreign(void)
{
    return op_of(core_find(core, SLICE("other"), SLICE("foreign")));
}

static struct key *key(const char *path)
{
    struct core_namespace *ns = namespace_find(&core->namespaces, SLICE("default"));
    struct slice text = slice_of(path);

    return key_at(&core->keys, text.n == 0
                                   ? ns->root
                                   : keys_find(&core->keys, ns, text, namespace_hash(ns, text)));
}

static struct line *line(const char *path, enum mode mode)
{
    return key_line(key(path), mode);
}

static struct core_namespace *ns(void)
{
    return namespace_find(&core->namespaces, SLICE("default"));
}

static struct owner *owner(void)
{
    return owner_find(&core->owners, 7);
}

/* Without being free; all else is as it is for one that is granted. */
static void grant(struct core_op *waiting)
{
    struct key *wanted = key_at(&core->keys, waiting->claims[0].key);

    waiting->claims[0].marks = 0;
    waiting->n_blocked = 0;
    if (waiting->op.parent != NULL)
        wanted->wide->n_children_blocked--;
    else
        line("k", MODE_X)->front = NULL;
    queue_grant(core, waiting);
    waiting->op.state = OP_GRANTED;
    waiting->op.token = UINT64_MAX;
}

/* The blocked claim is another one than before. */
static void move_mark(struct core_op *waiting)
{
    waiting->claims[0].marks = 0;
    waiting->claims[1].marks = CLAIM_BLOCKED;
}

static void swap_rings(struct claim **a, struct claim **b)
{
    struct claim *first = *a;

    *a = *b;
    *b = first;
}

/* The first that a session of the crowd is tied to; it is a list's head that is no operation's. */
static struct list stray;

#define BROKEN(X)                                                                                  \
    X(ended_has_claims_counted, op("ended")->n_claims = 1)                                         \
    X(ended_has_claims, op("ended")->claims = op("holder")->claims)                                \
    X(ended_is_armed, op("ended")->timer.place = 1)                                                \
    X(ended_has_an_owner, op("ended")->owner = 1)                                                  \
    X(ended_has_a_claimer, op("ended")->claimer = 1)                                               \
    X(ended_has_meta, op("ended")->op.meta = SLICE("m"))                                           \
    X(ended_has_a_payload, op("ended")->op.payload = SLICE("p"))                                   \
    X(ended_does_not_say_how, op("ended")->op.end = END_NONE)                                      \
    X(ended_is_tied, list_append(&stray, &op("ended")->tied))                                      \
    X(ended_has_children, op("ended")->op.n_children = 1)                                          \
    X(ended_has_siblings, list_append(&stray, &op("ended")->sibling))                              \
    X(a_deadline_is_not_armed, op("holder")->op.deadline_ms = 5)                                   \
    X(a_deadline_is_armed_too_late, op("leased")->timer.at += 100000)                              \
    X(a_parent_waits, op("reader")->op.parent = &op("waiter")->op)                                 \
    X(a_parent_is_younger, op("reader")->op.parent = &op("other reader")->op)                      \
    X(a_parent_is_of_another_world, op("reader")->op.parent = &foreign()->op)                      \
    X(a_child_is_another_ones, op("child")->op.parent = &op("holder")->op)                         \
    X(a_child_ended, op("child")->op.state = OP_ENDED)                                             \
    X(children_are_miscounted, op("parent")->op.n_children++)                                      \
    X(a_child_is_in_no_family, list_remove(&op("child")->sibling); op("parent")->op.n_children--)  \
    X(an_id_is_not_found, op("holder")->op.id = SLICE("nobody"))                                   \
    X(a_live_one_says_how_it_ended, op("holder")->op.end = END_LOST)                               \
    X(a_waiting_one_has_a_token, op("waiter")->op.token = 1)                                       \
    X(a_tied_one_is_in_no_list, list_remove(&op("holder")->tied))                                  \
    X(a_leased_one_is_in_a_list, list_append(&stray, &op("leased")->tied))                         \
    X(tickets_do_not_rise, core->roll.entries[1].ticket = core->roll.entries[0].ticket)            \
    X(a_ticket_was_not_given_out, core->ticket = 1)                                                \
    X(a_ticket_is_another_ones, op("holder")->op.ticket--)                                         \
    X(a_change_is_of_the_future, op("holder")->op.seq += 1000)                                     \
    X(a_key_is_claimed_by_nobody, key("s")->held = 0)                                              \
    X(a_key_is_not_found, key("s")->path = "t")                                                    \
    X(a_key_is_in_no_table, core->keys.table.n++)                                                  \
    X(a_key_is_being_drawn_up, key("s")->draft = 1)                                                \
    X(a_root_is_unsound, key("")->draft = 1)                                                       \
    X(a_namespace_counts_no_live_ones, ns()->n_live = 0)                                           \
    X(a_namespace_miscounts_the_live, ns()->n_live++)                                              \
    X(a_namespace_miscounts_the_waiting, ns()->n_waiting++)                                        \
    X(namespaces_are_miscounted, core->namespaces.n_live++)                                        \
    X(live_ones_are_not_all_in_a_namespace, core->n_granted--; op("holder")->op.state = OP_ENDED)  \
    X(a_session_owns_nothing, owner()->n_submitted = 0)                                            \
    X(a_session_owns_too_much, owner()->n_submitted++)                                             \
    X(a_session_claimed_too_much, owner()->n_claimed++)                                            \
    X(a_session_is_another_ones, owner()->session = 9)                                             \
    X(a_claim_is_another_ones, list_append(&owner()->tied, &op("leased")->tied);                   \
      op("leased")->op.tied = true)                                                                \
    X(an_untied_one_is_in_the_list, op("holder")->op.detached = true)                              \
    X(one_that_is_tied_is_not_in_the_list, list_remove(&op("holder")->tied);                       \
      list_append(&stray, &op("holder")->tied))                                                    \
    X(claims_are_miscounted, core->n_claims++)                                                     \
    X(bytes_are_miscounted, core->live_bytes++)                                                    \
    X(the_waiting_are_miscounted, core->n_waiting++)                                               \
    X(the_granted_are_miscounted, core->n_granted++)                                               \
    X(the_ended_are_miscounted, core->history.n++)                                                 \
    X(the_armed_are_miscounted, core->deadlines.n--)                                               \
    X(somebody_is_ready, sort_list_add(&core->ready, 1, op("waiter")))                             \
    X(somebody_is_due, sort_list_add(&core->due, 1, op("waiter")))                                 \
    X(blocked_claims_are_miscounted, op("waiter")->n_blocked++)                                    \
    X(a_waiting_one_is_not_blocked, op("waiter")->claims[0].marks = 0;                             \
      op("waiter")->n_blocked = 0)                                                                 \
    X(a_live_one_claims_nothing, op("holder")->n_claims = 0)                                       \
    X(a_walk_left_its_mark, op("reader")->claims[0].marks |= CLAIM_WALKED_IS)                      \
    X(a_named_claim_is_not, op("reader")->claims[0].named = MODE_NONE)                             \
    X(a_claim_above_is_named, op("reader")->claims[1].named = MODE_S)                              \
    X(a_claim_is_of_another, op("reader")->claims[0].op = op("holder")->number)                    \
    X(names_are_out_of_order, op("leased")->claims[1].key = op("leased")->claims[0].key)           \
    X(exclusive_names_are_miscounted, op("holder")->op.n_keys++)                                   \
    X(shared_names_are_miscounted, op("reader")->op.n_shared++)                                    \
    X(a_parent_claim_is_not_there, op("reader")->claims[0].parent = 99)                            \
    X(a_root_claim_has_a_parent, op("reader")->claims[1].parent = 0)                               \
    X(a_parent_claim_is_not_above, op("leased")->claims[0].parent = 1)                             \
    X(a_parent_claim_is_too_far_above, op("leased")->claims[1].parent = 2)                         \
    X(a_claim_is_too_weak, op("leased")->claims[2].mode = MODE_IS)                                 \
    X(a_claim_below_a_shared_one_does_not_say_so, op("leased")->claims[1].marks = 0)               \
    X(holders_are_miscounted, line("s", MODE_S)->n_holders++)                                      \
    X(holders_are_more_than_counted, line("s", MODE_S)->n_holders--)                               \
    X(holders_below_shared_keys_are_miscounted, line("s", MODE_S)->n_holders_under++)              \
    X(waiting_ones_are_counted_where_none_is, line("s", MODE_S)->n_waiting++)                      \
    X(waiting_ones_below_are_counted_where_none_is, line("s", MODE_S)->n_waiting_under++)          \
    X(a_ring_is_cut, op("reader")->claims[0].prev = &op("reader")->claims[0])                      \
    X(a_claim_stands_elsewhere, op("reader")->claims[0].key = op("holder")->claims[0].key)         \
    X(one_that_waits_holds, op("reader")->op.state = OP_WAITING)                                   \
    X(one_of_another_world_holds, key("s")->ns = foreign()->op.ns)                                 \
    X(a_claim_of_another_mode_holds, op("reader")->claims[0].mode = MODE_X)                        \
    X(a_child_stands_with_the_ordinary, op("waiter")->op.parent = &op("holder")->op)               \
    X(an_ordinary_one_stands_with_the_children, op("waiting child")->op.parent = NULL)             \
    X(a_child_wants_nothing, op("waiting child")->claims[0].mode = MODE_NONE)                      \
    X(holders_are_out_of_order, line("s", MODE_S)->holders = line("s", MODE_S)->holders->next)     \
    X(a_mode_without_a_line_is_in_use, key("s")->held |= MODE_BIT(MODE_X))                         \
    X(a_mode_without_holders_is_held, key("k")->held |= MODE_BIT(MODE_S))                          \
    X(a_mode_without_waiters_is_waited_for, key("k")->waiting |= MODE_BIT(MODE_S))                 \
    X(children_by_mode_are_miscounted, key("k")->wide->n_children[MODE_S]++)                       \
    X(children_are_not_told_of, key("k")->children = 0)                                            \
    X(children_are_told_of_where_none_waits, key("s")->children = MODE_BIT(MODE_X))                \
    X(blocked_children_are_miscounted, key("k")->wide->n_children_blocked--)                       \
    X(a_blocked_one_is_not_marked, op("waiter")->claims[0].marks = 0)                              \
    X(a_blocked_child_is_not_marked, op("waiting child")->claims[0].marks = 0;                     \
      key("k")->wide->n_children_blocked--)                                                        \
    X(two_hold_one_key, grant(op("waiter")))                                                       \
    X(a_child_holds_beside_others, grant(op("waiting child")))                                     \
    X(a_free_claim_is_marked_instead, move_mark(op("waiter")))                                     \
    X(a_free_claim_of_a_child_is_marked_instead, move_mark(op("waiting child"));                   \
      key("k")->wide->n_children_blocked--; key("")->wide->n_children_blocked++)                   \
    X(a_holder_and_a_waiting_one_change_places,                                                    \
      swap_rings(&line("k", MODE_X)->holders, &line("k", MODE_X)->waiting))                        \
    X(a_child_and_an_ordinary_one_change_places,                                                   \
      swap_rings(&line("k", MODE_X)->waiting, &line("k", MODE_CHILDREN)->waiting))                 \
    X(a_child_stands_in_two_lines, line("k", MODE_X)->waiting = line("k", MODE_CHILDREN)->waiting) \
    X(holders_of_two_modes_change_places,                                                          \
      swap_rings(&line("", MODE_IX)->holders, &line("", MODE_IS)->holders);                        \
      line("", MODE_IS)->n_holders = 9; line("", MODE_IX)->n_holders = 9)                          \
    X(a_live_one_is_not_on_the_roll, roll_remove(&core->roll, op("holder")->op.ticket))            \
    X(a_claim_stands_nowhere,                                                                      \
      ring_remove(&line("s", MODE_S)->holders, &op("other reader")->claims[0]);                    \
      line("s", MODE_S)->n_holders--)                                                              \
    X(a_claim_is_below_one_of_another_name, op("two")->claims[0].parent = 4)                       \
    X(a_claim_is_below_one_of_a_similar_name, op("two")->claims[1].parent = 3)                     \
    X(the_front_is_elsewhere, line("k", MODE_X)->front = NULL)                                     \
    X(there_is_a_front_of_nobody, line("s", MODE_S)->front = op("reader")->claims)

#define BREAK(name, breaks)                                                                        \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        stray = (struct list){NULL, NULL};                                                         \
        breaks;                                                                                    \
        assert_false(core_is_consistent(core));                                                    \
    }

BROKEN(BREAK)

#define TEST(name, breaks) cmocka_unit_test_setup_teardown(name, start_with_all_kinds, discard),

int main(void)
{
    const struct CMUnitTest tests[] = {BROKEN(TEST)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
