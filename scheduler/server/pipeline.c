#include "server/pipeline.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "server/row.h"

void pipeline_init(struct pipeline *pipeline, struct core *core, const struct store_meta *durable,
                   bool keeps_nothing)
{
    *pipeline = (struct pipeline){.core = core,
                                  .keeps_nothing = keeps_nothing,
                                  .records_max = PIPELINE_RECORDS_MAX,
                                  .durable = *durable,
                                  .hash = durable->hash};
}

void pipeline_finish(struct pipeline *pipeline)
{
    free(pipeline->dirty);
    free(pipeline->pins);
    free(pipeline->removed_ops.rows);
    free(pipeline->removed_sessions.rows);
    arena_finish(&pipeline->arena);
}

static void remember_removed(struct removed *removed, uint64_t id, uint64_t hash)
{
    if (removed->n == removed->cap) {
        removed->cap = removed->cap == 0 ? 64 : removed->cap * 2;
        removed->rows = memory_resize(removed->rows, removed->cap * sizeof *removed->rows);
    }
    removed->rows[removed->n++] = (struct removed_row){id, hash};
}

void pipeline_op_changed(struct pipeline *pipeline, struct op *op)
{
    if (pipeline->keeps_nothing) {
        if (op->seq > pipeline->durable.seq) /* who was passed has an old one */
            pipeline->durable.seq = op->seq;
        return;
    }
    if (op->driver.dirty_place != 0)
        return;
    if (pipeline->n_dirty == pipeline->cap_dirty) {
        pipeline->cap_dirty = pipeline->cap_dirty == 0 ? 64 : pipeline->cap_dirty * 2;
        pipeline->dirty = memory_resize(pipeline->dirty, pipeline->cap_dirty * sizeof(struct op *));
    }
    pipeline->dirty[pipeline->n_dirty++] = op;
    op->driver.dirty_place = pipeline->n_dirty;
}

void pipeline_op_pinned(struct pipeline *pipeline, const struct op *op, uint64_t seq)
{
    if (op->driver.dirty_place == 0)
        return; /* its row is as it is */
    if (pipeline->n_pins == pipeline->cap_pins) {
        pipeline->cap_pins = pipeline->cap_pins == 0 ? 16 : pipeline->cap_pins * 2;
        pipeline->pins = memory_resize(pipeline->pins, pipeline->cap_pins * sizeof(struct pin));
    }
    pipeline->pins[pipeline->n_pins++] = (struct pin){seq, 0, op->driver.dirty_place};
}

void pipeline_op_forgotten(struct pipeline *pipeline, struct op *op)
{
    if (op->driver.dirty_place != 0) {
        pipeline->dirty[op->driver.dirty_place - 1] = NULL;
        op->driver.dirty_place = 0;
    }
    if (op->driver.row_hash == 0)
        return;
    remember_removed(&pipeline->removed_ops, op->ticket, op->driver.row_hash);
    op->driver.row_hash = 0;
}

void pipeline_session_changed(struct pipeline *pipeline, struct session *session)
{
    if (!pipeline->keeps_nothing && !list_is_linked(&session->dirty))
        list_append(&pipeline->dirty_sessions, &session->dirty);
}

void pipeline_session_removed(struct pipeline *pipeline, struct session *session)
{
    list_remove(&session->dirty);
    if (session->row_hash == 0)
        return;
    remember_removed(&pipeline->removed_sessions, session->id, session->row_hash);
    session->row_hash = 0;
}

bool pipeline_is_gathering(const struct pipeline *pipeline)
{
    return pipeline->n_dirty > 0 || pipeline->removed_ops.n > 0 ||
           pipeline->removed_sessions.n > 0 || !list_is_empty(&pipeline->dirty_sessions);
}

bool pipeline_is_in_flight(const struct pipeline *pipeline)
{
    return pipeline->next < pipeline->n_commits;
}

static int by_seq(const void *a, const void *b)
{
    const struct op *const *x = a, *const *y = b;
    return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

/* Before `dirty` is put in order. One that was forgotten holds nothing together: its removal comes
 * first. */
static void end_pins(struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->n_pins; i++) {
        const struct op *op = pipeline->dirty[pipeline->pins[i].place - 1];
        pipeline->pins[i].until = op == NULL ? 0 : op->seq;
    }
}

/* Drops the gaps that forgotten operations left. They are in order already, unless one of them
 * changed twice, or was passed and has an old seq; and within one commit the order does not matter.
 */
static void order_dirty(struct pipeline *pipeline)
{
    uint32_t n = 0;
    bool is_ordered = true;

    for (uint32_t i = 0; i < pipeline->n_dirty; i++) {
        if (pipeline->dirty[i] == NULL)
            continue;
        is_ordered =
            is_ordered && (n == 0 || pipeline->dirty[n - 1]->seq <= pipeline->dirty[i]->seq);
        pipeline->dirty[n++] = pipeline->dirty[i];
    }
    pipeline->n_dirty = n;
    if (!is_ordered)
        qsort(pipeline->dirty, n, sizeof(struct op *), by_seq);
}

/* The tickets of the rows to be removed, and behind them the rows of all changed operations. */
static uint32_t build_ops(struct pipeline *pipeline)
{
    uint32_t n_removed = pipeline->removed_ops.n, n = n_removed + pipeline->n_dirty;

    pipeline->ops = arena_alloc(&pipeline->arena, n * sizeof *pipeline->ops);
    for (uint32_t i = 0; i < n_removed; i++)
        pipeline->ops[i] = (struct store_op_record){
            STORE_REMOVE, {.ticket = (int64_t)pipeline->removed_ops.rows[i].id}};
    for (uint32_t i = 0; i < pipeline->n_dirty; i++) {
        struct store_op_record *record = &pipeline->ops[n_removed + i];
        record->change = STORE_PUT;
        row_from_op(pipeline->core, pipeline->dirty[i], &pipeline->arena, &record->op);
    }
    return n;
}

/* Changed sessions, then removed ones; returns how many changed. */
static uint32_t build_sessions(struct pipeline *pipeline)
{
    uint32_t n = pipeline->removed_sessions.n, n_put, i = 0;

    LIST_EACH (&pipeline->dirty_sessions, link)
        n++;
    pipeline->sessions = arena_alloc(&pipeline->arena, n * sizeof *pipeline->sessions);
    for (struct list *link; (link = list_pop(&pipeline->dirty_sessions)) != NULL; i++) {
        struct session *session = LIST_ENTRY(link, struct session, dirty);
        struct slice secret = {session->secret, SESSION_SECRET_SIZE};
        pipeline->sessions[i] =
            (struct store_session_record){STORE_PUT,
                                          {.id = session->id,
                                           .grace_ms = session->grace_ms,
                                           .ns = arena_copy(&pipeline->arena, session->ns),
                                           .secret = arena_copy(&pipeline->arena, secret),
                                           .peer = arena_copy(&pipeline->arena, session->peer)}};
        pipeline->hash -= session->row_hash;
        session->row_hash = store_session_hash(&pipeline->sessions[i].session);
        pipeline->hash += session->row_hash;
    }
    n_put = i;
    for (uint32_t k = 0; k < pipeline->removed_sessions.n; k++, i++)
        pipeline->sessions[i] = (struct store_session_record){
            STORE_REMOVE, {.id = pipeline->removed_sessions.rows[k].id}};
    return n_put;
}

/* Moves one record's share of the sum; returns its size, roughly. */
static size_t account(struct pipeline *pipeline, uint32_t place)
{
    const struct store_op *row = &pipeline->ops[place].op;
    uint32_t n_removed = pipeline->removed_ops.n;
    struct op *op;

    if (place < n_removed) {
        pipeline->hash -= pipeline->removed_ops.rows[place].hash;
        return 0;
    }
    op = pipeline->dirty[place - n_removed];
    pipeline->hash -= op->driver.row_hash;
    op->driver.row_hash = store_op_hash(row);
    op->driver.dirty_place = 0;
    pipeline->hash += op->driver.row_hash;
    return (size_t)row->keys.n + row->shared.n + row->payload.n + row->meta.n;
}

/* Adds the sessions to the first commit: new ones come before what they own. Those that are over
 * go before what they owned, or one of them could be resumed when a part of it is lost already;
 * recovery ends the rest. */
static void add_sessions(struct pipeline *pipeline, struct store_batch *commit, uint32_t n_put)
{
    commit->sessions = pipeline->sessions;
    commit->n_sessions = n_put + pipeline->removed_sessions.n;
    for (uint32_t i = 0; i < pipeline->removed_sessions.n; i++)
        pipeline->hash -= pipeline->removed_sessions.rows[i].hash;
}

/* Whether a commit may end with the row that has this seq; asked in the order of seq. */
static bool may_end(const struct pipeline *pipeline, uint64_t seq, uint32_t *pin, uint64_t *until)
{
    for (; *pin < pipeline->n_pins && pipeline->pins[*pin].seq <= seq; (*pin)++)
        if (pipeline->pins[*pin].until > *until)
            *until = pipeline->pins[*pin].until;
    return seq >= *until;
}

static void cut_commits(struct pipeline *pipeline, uint32_t n_ops, uint32_t n_put,
                        const struct store_meta *last)
{
    uint32_t n_removed = pipeline->removed_ops.n, at = 0, pin = 0;
    uint64_t seq = pipeline->durable.seq, until = 0;

    pipeline->commits = arena_alloc(&pipeline->arena, (n_ops + 1) * sizeof *pipeline->commits);
    pipeline->n_commits = pipeline->next = 0;
    do {
        struct store_batch *commit = &pipeline->commits[pipeline->n_commits];
        uint32_t first = at;
        size_t bytes = 0;
        bool is_long = false;

        while (at < n_ops && (!is_long || !may_end(pipeline, seq, &pin, &until))) {
            bytes += account(pipeline, at++);
            if (at > n_removed && pipeline->dirty[at - n_removed - 1]->seq > seq)
                seq = pipeline->dirty[at - n_removed - 1]->seq;
            is_long = at - first >= pipeline->records_max || bytes >= PIPELINE_BYTES_MAX;
        }
        *commit =
            (struct store_batch){.meta = *last, .ops = pipeline->ops + first, .n_ops = at - first};
        if (at < n_ops)
            commit->meta.seq = seq;
        if (pipeline->n_commits == 0)
            add_sessions(pipeline, commit, n_put);
        commit->meta.hash = pipeline->hash;
        pipeline->n_commits++;
    } while (at < n_ops);
}

void pipeline_take(struct pipeline *pipeline, int64_t now_ms)
{
    struct core_stats stats;
    struct store_meta last;
    uint32_t n_ops, n_put;

    assert(!pipeline_is_in_flight(pipeline));
    core_stats(pipeline->core, &stats);
    last = (struct store_meta){.epoch = stats.epoch, .seq = stats.seq, .ticket = stats.ticket};
    arena_reset(&pipeline->arena);
    end_pins(pipeline);
    order_dirty(pipeline);
    n_ops = build_ops(pipeline);
    n_put = build_sessions(pipeline);
    cut_commits(pipeline, n_ops, n_put, &last);
    pipeline->n_dirty = pipeline->n_pins = 0;
    pipeline->removed_ops.n = pipeline->removed_sessions.n = 0;
    pipeline->since_ms = now_ms;
}

const struct store_batch *pipeline_commit(const struct pipeline *pipeline)
{
    assert(pipeline_is_in_flight(pipeline));
    return &pipeline->commits[pipeline->next];
}

bool pipeline_on_commit(struct pipeline *pipeline)
{
    pipeline->durable = pipeline_commit(pipeline)->meta;
    return ++pipeline->next == pipeline->n_commits;
}
