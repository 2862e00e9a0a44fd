#include "history.h"

#include <stdio.h>
#include <string.h>

/* --- digests --------------------------------------------------------------------------------- */

/* FNV-1a: G. Fowler, L. C. Noll, K.-P. Vo. */
static uint64_t add_bytes(uint64_t digest, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < n; i++)
        digest = (digest ^ at[i]) * 0x100000001b3ULL;
    return digest;
}

static uint64_t add_int(uint64_t digest, int64_t number)
{
    return add_bytes(digest, &number, sizeof number);
}

static uint64_t add_text(uint64_t digest, struct slice text)
{
    digest = add_int(digest, text.at == NULL ? -1 : (int64_t)text.n);
    return text.n == 0 ? digest : add_bytes(digest, text.at, text.n);
}

/* Rows are added up, so that no order matters. */
static uint64_t digest_of_op(const struct store_op *op)
{
    uint64_t digest = 0xcbf29ce484222325ULL;

#define INT(name)    digest = add_int(digest, op->name);
#define SLICE_(name) digest = add_text(digest, op->name);
    STORE_OP_COLUMNS(INT, SLICE_, SLICE_)
#undef INT
#undef SLICE_
    return digest;
}

static uint64_t digest_of_session(const struct store_session *session)
{
    uint64_t digest = add_int(0x84222325cbf29ce4ULL, (int64_t)session->id);

    digest = add_int(digest, (int64_t)session->grace_ms);
    digest = add_text(digest, session->ns);
    digest = add_text(digest, session->secret);
    return add_text(digest, session->peer);
}

static uint64_t digest_of_meta(const struct store_meta *meta)
{
    uint64_t digest = add_int(17, (int64_t)meta->epoch);

    digest = add_int(digest, (int64_t)meta->seq);
    return add_int(digest, (int64_t)meta->ticket);
}

/* --- batches --------------------------------------------------------------------------------- */

void history_init(struct history *history, uint64_t seed, uint32_t payload_max)
{
    memset(history, 0, sizeof *history);
    history->chance = chance_of(seed);
    history->payload_max = payload_max;
    history->meta.epoch = 1 + chance_below(&history->chance, 100);
    history->digests[0] = digest_of_meta(&(struct store_meta){0});
}

void history_finish(struct history *history)
{
    arena_finish(&history->arena);
}

static struct slice some_text(struct history *history, uint32_t most)
{
    uint32_t n = chance_below(&history->chance, most + 1);
    char *at = arena_alloc(&history->arena, n + 1);

    for (uint32_t i = 0; i < n; i++)
        at[i] = (char)('a' + chance_below(&history->chance, 26));
    return (struct slice){at, n};
}

static void fill(struct history *history, struct store_op *op)
{
    op->seq = (int64_t)++history->meta.seq;
    op->state = chance_below(&history->chance, 3);
    op->token = op->state == 0 ? 0 : op->seq;
    op->keys = op->state == 2 ? (struct slice){0} : some_text(history, 60);
    op->meta = chance_is(&history->chance, 30) ? some_text(history, 30) : (struct slice){0};
    op->payload = chance_is(&history->chance, 20) ? some_text(history, history->payload_max)
                                                  : (struct slice){0};
    op->outcome = chance_is(&history->chance, 20) ? some_text(history, 20) : (struct slice){0};
    op->granted_ms = op->seq * 1000;
    op->claimed_by = chance_below(&history->chance, 3);
}

static struct store_op_record add_op(struct history *history)
{
    struct row *row = &history->rows[history->n_rows++];

    row->is_there = true;
    row->op = (struct store_op){.ticket = (int64_t)++history->meta.ticket,
                                .ns = SLICE("default"),
                                .id = some_text(history, 20),
                                .session = chance_below(&history->chance, 5),
                                .wait_ms = -1,
                                .claim_in_ms = -1,
                                .lease_ms = -1,
                                .who = some_text(history, 10),
                                .why = some_text(history, 10),
                                .content = SLICE("0123456789abcdef"),
                                .submitted_ms = 1};
    fill(history, &row->op);
    return (struct store_op_record){STORE_PUT, row->op};
}

static struct store_op_record change_op(struct history *history, struct row *row)
{
    history->meta.hash -= store_op_hash(&row->op);
    fill(history, &row->op);
    return (struct store_op_record){STORE_PUT, row->op};
}

static struct store_op_record remove_op(struct history *history, struct row *row)
{
    history->meta.hash -= store_op_hash(&row->op);
    row->is_there = false;
    return (struct store_op_record){STORE_REMOVE, {.ticket = row->op.ticket}};
}

/* One row in a batch once, as the server does it. */
static uint32_t fill_ops(struct history *history)
{
    uint32_t n_known = history->n_rows, n = 0, most = 1 + chance_below(&history->chance, 12);

    for (uint32_t i = n_known; i-- > 0 && n < most;) {
        struct row *row = &history->rows[i];
        if (!row->is_there || chance_is(&history->chance, 70))
            continue;
        history->ops[n++] =
            chance_is(&history->chance, 60) ? change_op(history, row) : remove_op(history, row);
        if (row->is_there)
            history->meta.hash += store_op_hash(&row->op);
    }
    most = 1 + chance_below(&history->chance, 6);
    for (uint32_t i = 0; i < most && history->n_rows < HISTORY_OPS; i++) {
        history->ops[n++] = add_op(history);
        history->meta.hash += store_op_hash(&history->rows[history->n_rows - 1].op);
    }
    return n;
}

static uint32_t fill_sessions(struct history *history)
{
    uint32_t place = chance_below(&history->chance, HISTORY_COMMITS);
    struct store_session *session = &history->sessions[place];
    struct store_session_record *record = &history->session_records[0];

    if (chance_is(&history->chance, 60))
        return 0;
    if (history->has_session[place]) {
        history->meta.hash -= store_session_hash(session);
        history->has_session[place] = false;
        *record = (struct store_session_record){STORE_REMOVE, {.id = session->id}};
        return 1;
    }
    *session = (struct store_session){.id = place + 1,
                                      .grace_ms = 10000,
                                      .ns = SLICE("default"),
                                      .secret = some_text(history, 32),
                                      .peer = SLICE("uid:1")};
    history->has_session[place] = true;
    history->meta.hash += store_session_hash(session);
    *record = (struct store_session_record){STORE_PUT, *session};
    return 1;
}

static uint64_t digest_of_all(const struct history *history)
{
    uint64_t digest = digest_of_meta(&history->meta);

    for (uint32_t i = 0; i < history->n_rows; i++)
        if (history->rows[i].is_there)
            digest += digest_of_op(&history->rows[i].op);
    for (uint32_t i = 0; i <= HISTORY_COMMITS; i++)
        if (history->has_session[i])
            digest += digest_of_session(&history->sessions[i]);
    return digest;
}

struct store_batch history_next(struct history *history)
{
    struct store_batch batch = {.ops = history->ops, .sessions = history->session_records};

    batch.n_ops = fill_ops(history);
    batch.n_sessions = fill_sessions(history);
    batch.meta = history->meta;
    history->digests[++history->n_commits] = digest_of_all(history);
    return batch;
}

/* --- openings -------------------------------------------------------------------------------- */

static bool on_session(void *context, const struct store_session *session)
{
    struct told *told = context;

    told->digest += digest_of_session(session);
    return true;
}

static bool on_op(void *context, const struct store_op *op)
{
    struct told *told = context;

    told->digest += digest_of_op(op);
    return true;
}

struct store *told_open(struct disk *disk, const char *path, struct told *told)
{
    const struct store_recovery recovery = {told, on_session, on_op};
    struct store *store = store_sqlite_create(&(struct store_sqlite_config){.path = path});

    vfs_disk = disk;
    *told = (struct told){0};
    told->result = store->is->open(store, &recovery, &told->meta);
    told->digest += digest_of_meta(&told->meta);
    return store;
}
