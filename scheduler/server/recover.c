#include "server/recover.h"

#include "server/row.h"
#include "server/sound.h"

#define START_OF_2024_MS 1704067200000ULL

struct recovery {
    struct server *server;
    struct store_meta meta;
    struct arena arena; /* of one operation's keys */
};

uint64_t recover_epoch(uint64_t stored, uint64_t wall_ms)
{
    uint64_t hours = wall_ms > START_OF_2024_MS ? (wall_ms - START_OF_2024_MS) / HOUR_MS : 0;
    return stored + 1 > hours ? stored + 1 : hours;
}

static void create_core(struct recovery *recovery)
{
    struct server *server = recovery->server;
    const struct server_limits *limits = &server->config.limits;
    struct core_config config = {
        .limits = {.live_ops = limits->live_ops,
                   .live_ops_per_session = limits->live_ops_per_session,
                   .live_claims = limits->live_claims,
                   .live_bytes = limits->live_bytes,
                   .namespaces = limits->namespaces,
                   .remembered = limits->remembered,
                   .remembered_ms = limits->remembered_ms,
                   .keys = limits->keys,
                   .key_text = limits->key_text,
                   .generations = limits->generations,
                   .changed_keys = limits->changed_keys},
        .epoch = recover_epoch(recovery->meta.epoch, server->wall_ms),
        .seq = recovery->meta.seq,
        .ticket = recovery->meta.ticket,
    };

    server->config.outside.random(server->config.outside.context, &config.hash_key,
                                  sizeof config.hash_key);
    server->core = core_create(&config);
}

static bool on_session(void *context, const struct store_session *stored)
{
    struct recovery *recovery = context;
    struct sessions *sessions = &recovery->server->sessions;
    struct session *session;

    if (!sound_session(stored) || session_find(sessions, stored->id) != NULL)
        return false;
    session = session_add(sessions, stored->id, stored->ns, stored->peer, stored->secret,
                          stored->grace_ms);
    session->row_hash = store_session_hash(stored);
    return true;
}

/* A parent has a lower ticket: it is there already. */
static bool find_parent(struct core *core, const struct store_op *row, struct op *from)
{
    const struct op *parent;

    if (row->parent == 0)
        return true;
    if (row->parent < 0 || row->parent >= row->ticket)
        return false;
    from->parent = parent = core_next_by_ticket(core, (uint64_t)row->parent - 1);
    return parent != NULL && parent->ticket == (uint64_t)row->parent &&
           slice_equal(core_namespace_name(parent->ns), row->ns);
}

/* The end of a session is durable before those of its operations: a crash came in between. */
static bool has_lost_its_session(struct server *server, const struct op *op)
{
    if (op->state == OP_ENDED || (op->detached && !op->tied))
        return false;
    return session_find(&server->sessions, op->detached ? op->claimed_by : op->session) == NULL;
}

static bool on_op(void *context, const struct store_op *row)
{
    struct recovery *recovery = context;
    struct server *server = recovery->server;
    struct core_key *keys;
    const struct op *op;
    uint32_t n_keys;
    struct op from;

    if (server->core == NULL)
        create_core(recovery);
    arena_reset(&recovery->arena);
    if (!sound_op(row, &recovery->meta) || !row_to_op(row, &recovery->arena, &from) ||
        !find_parent(server->core, row, &from) || !row_keys(row, &recovery->arena, &keys, &n_keys))
        return false;
    op = core_recover_op(server->core, row->ns, &from, keys, n_keys, server->now_ms);
    if (op != NULL && has_lost_its_session(server, op))
        core_recover_lost(server->core, op);
    return op != NULL;
}

struct store_result recover(struct server *server)
{
    struct recovery recovery = {.server = server};
    struct store_recovery callbacks = {&recovery, on_session, on_op};
    struct store *store = server->config.store;
    struct store_result result = store->is->open(store, &callbacks, &recovery.meta);

    arena_finish(&recovery.arena);
    if (result.status != STORE_OK)
        return result;
    if (!sound_meta(&recovery.meta))
        return (struct store_result){STORE_DAMAGED, "open store: its meta row makes no sense"};
    if (server->core == NULL)
        create_core(&recovery);
    pipeline_init(&server->pipeline, server->core, &recovery.meta, store->is->keeps_nothing);
    if (server->config.records_max > 0)
        server->pipeline.records_max = server->config.records_max;
    return result;
}
