/*
 * A crash between the end of a session and the ends of its operations, which went in several
 * commits: at recovery the rest ends, and nothing of it is granted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/core.h"
#include "server/server.h"

#define GONE  5
#define THERE 6

static struct store_op_record stored[3]; /* as recovery leaves them; by ticket */

static struct store_op row(int64_t ticket, const char *id, int64_t session, const char *keys)
{
    return (struct store_op){.ticket = ticket,
                             .ns = SLICE("default"),
                             .id = slice_of(id),
                             .session = session,
                             .wait_ms = -1,
                             .lease_ms = -1,
                             .claim_in_ms = -1,
                             .who = SLICE("uid:1"),
                             .why = SLICE(""),
                             .submitted_ms = 1000,
                             .content = {"0123456789abcdef", 16},
                             .seq = ticket,
                             .keys = slice_of(keys)};
}

/* The holder's end was cut off; two wait behind it, one of them of the same session. */
static struct store_result open_store(struct store *store, const struct store_recovery *recovery,
                                      struct store_meta *meta)
{
    struct store_session there = {.id = THERE,
                                  .grace_ms = 1000,
                                  .ns = SLICE("default"),
                                  .secret = SLICE("0123456789abcdef0123456789abcdef"),
                                  .peer = SLICE("uid:1")};
    struct store_op holder = row(1, "holder", GONE, "[\"A\"]");
    struct store_op own = row(2, "own", GONE, "[\"A\"]"), next = row(3, "next", THERE, "[\"A\"]");

    (void)store;
    holder.state = 1;
    holder.token = 1LL << 32 | 1;
    holder.granted_ms = 1000;
    *meta = (struct store_meta){.epoch = 1, .seq = 3, .ticket = 3};
    if (!recovery->on_session(recovery->context, &there) ||
        !recovery->on_op(recovery->context, &holder) || !recovery->on_op(recovery->context, &own) ||
        !recovery->on_op(recovery->context, &next))
        return (struct store_result){STORE_DAMAGED, "refused"};
    return (struct store_result){.status = STORE_OK};
}

static struct store_result commit(struct store *store, const struct store_batch *batch)
{
    (void)store;
    for (uint32_t i = 0; i < batch->n_ops; i++)
        stored[batch->ops[i].op.ticket - 1] = batch->ops[i];
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

static void operations_of_a_session_that_is_gone_end_at_recovery(void **state)
{
    static const struct store_interface interface = {
        .backend = "test", .open = open_store, .commit = commit, .free_bytes = free_bytes};
    struct store store = {&interface};
    struct server_config config = {.store = &store, .version = "test", .outside = {.random = draw}};
    struct server *server;

    (void)state;
#define USUAL(name, usual, least, most) config.limits.name = usual;
    SERVER_LIMIT_LIST(USUAL)
#undef USUAL
    server = server_create(&config);
    assert_int_equal(server_recover(server, 1, 2000).status, STORE_OK);
    assert_int_equal(stored[0].op.state, OP_ENDED);
    assert_int_equal(stored[0].op.ending, END_LOST);
    assert_int_equal(stored[1].op.state, OP_ENDED);
    assert_int_equal(stored[1].op.ending, END_LOST);
    assert_int_equal(stored[1].op.token, 0);
    assert_int_equal(stored[2].op.state, OP_GRANTED);
    assert_true(stored[0].op.seq < stored[1].op.seq && stored[1].op.seq < stored[2].op.seq);
    server_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_of_a_session_that_is_gone_end_at_recovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
