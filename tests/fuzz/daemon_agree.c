#include "daemon.h"
#include "server/recover.h"
#include "server/state.h"
#include "server/step.h"

static void agree_text(struct slice a, struct slice b)
{
    MUST((a.at == NULL) == (b.at == NULL) && slice_equal(a, b));
}

static void agree_keys(const struct core *core, const struct op *op, const struct core *other_core,
                       const struct op *other)
{
    struct core_key keys[16], others[16];
    uint32_t n_named = op->n_keys + op->n_shared;

    MUST(op->n_keys == other->n_keys && op->n_shared == other->n_shared);
    for (uint32_t first = 0, n; first < n_named; first += n) {
        n = core_op_keys(core, op, first, keys, 16);
        MUST(n > 0 && core_op_keys(other_core, other, first, others, 16) == n);
        for (uint32_t i = 0; i < n; i++)
            MUST(slice_equal(keys[i].path, others[i].path) && keys[i].mode == others[i].mode);
    }
}

static void agree_ahead(struct core *core, const struct op *op, struct core *other_core,
                        const struct op *other)
{
    struct ahead ahead, others;

    core_ahead(core, op, &ahead);
    core_ahead(other_core, other, &others);
    MUST(ahead.count == others.count && ahead.more == others.more && ahead.shown == others.shown);
    for (uint32_t i = 0; i < ahead.shown; i++) {
        MUST(ahead.blockers[i].op->ticket == others.blockers[i].op->ticket);
        MUST(slice_equal(ahead.blockers[i].key, others.blockers[i].key));
        MUST(ahead.blockers[i].mode == others.blockers[i].mode);
    }
}

static void agree_op(struct core *core, const struct op *op, struct core *other_core,
                     const struct op *other)
{
    MUST(slice_equal(core_namespace_name(op->ns), core_namespace_name(other->ns)));
    MUST(slice_equal(op->id, other->id));
    MUST(op->ticket == other->ticket && op->seq == other->seq && op->token == other->token);
    MUST(op->session == other->session && op->claimed_by == other->claimed_by);
    MUST(op->state == other->state && op->end == other->end);
    MUST(op->detached == other->detached && op->tied == other->tied);
    MUST((op->parent == NULL) == (other->parent == NULL));
    MUST(op->parent == NULL || op->parent->ticket == other->parent->ticket);
    MUST(op->n_children == other->n_children);
    MUST(op->wait_ms == other->wait_ms && op->lease_ms == other->lease_ms);
    MUST(op->claim_in_ms == other->claim_in_ms && op->max_hold_ms == other->max_hold_ms);
    MUST((op->deadline_ms == CORE_FOREVER) == (other->deadline_ms == CORE_FOREVER));
    MUST(op->deadline_ms <= other->deadline_ms);
    MUST(memcmp(op->content, other->content, sizeof op->content) == 0);
    agree_text(op->who, other->who);
    agree_text(op->why, other->why);
    agree_text(op->meta, other->meta);
    agree_text(op->payload, other->payload);
    agree_text(op->progress, other->progress);
    agree_text(op->outcome, other->outcome);
    agree_text(op->why_ended, other->why_ended);
    MUST(op->on_change == other->on_change && op->unchanged_since == other->unchanged_since);
    MUST(op->n_changed == other->n_changed);
    MUST(op->driver.row_hash == other->driver.row_hash);
    agree_keys(core, op, other_core, other);
    if (op->state == OP_WAITING)
        agree_ahead(core, op, other_core, other);
}

static void agree_core(struct core *core, struct core *other_core)
{
    struct core_stats stats, others;
    uint64_t ticket = 0;

    core_stats(core, &stats);
    core_stats(other_core, &others);
    MUST(stats.seq == others.seq && stats.ticket == others.ticket);
    MUST(stats.waiting == others.waiting && stats.granted == others.granted);
    MUST(stats.remembered == others.remembered && stats.namespaces == others.namespaces);
    MUST(stats.claims == others.claims && stats.keys == others.keys);
    MUST(stats.live_bytes == others.live_bytes);
    for (struct op *op, *other; (op = core_next_by_ticket(core, ticket)) != NULL;) {
        other = core_next_by_ticket(other_core, ticket);
        MUST(other != NULL);
        agree_op(core, op, other_core, other);
        ticket = op->ticket;
    }
    MUST(core_next_by_ticket(other_core, ticket) == NULL);
}

/* Those that own something are there, and who they were. */
static void agree_sessions(const struct fake_store *store, struct server *server,
                           struct server *other_server)
{
    MUST(other_server->sessions.n == store->n_sessions);
    for (uint32_t i = 0; i < store->n_sessions; i++) {
        uint64_t id = store->sessions[i].id;
        const struct session *session = session_find(&server->sessions, id);
        const struct session *other = session_find(&other_server->sessions, id);
        MUST(session != NULL && other != NULL);
        MUST(session->grace_ms == other->grace_ms && slice_equal(session->ns, other->ns) &&
             slice_equal(session->peer, other->peer) && session->row_hash == other->row_hash &&
             memcmp(session->secret, other->secret, SESSION_SECRET_SIZE) == 0);
    }
}

/* Recovered without a commit, so that the first daemon can go on with the store. */
void daemon_agree(struct daemon *daemon)
{
    struct server *server = daemon->server, *other = daemon_create(daemon);
    struct store_result result;

    server_set_time(other, daemon->now_ms, server->wall_ms);
    result = recover(other);
    if (result.status != STORE_OK)
        OBJECT("what it wrote is not recovered: %s", result.why);
    MUST(step_recovered(other));
    MUST(other->outcome.n_effects == 0);
    MUST(core_is_consistent(other->core));
    agree_core(server->core, other->core);
    agree_sessions(&daemon->store, server, other);
    server_destroy(other);
}
