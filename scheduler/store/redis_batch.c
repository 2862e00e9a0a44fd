/*
 * A batch as the sections of a commit: meta first, then rows in the order of the batch, then what
 * changes in the mirror.
 *
 * While a script runs, Redis serves nobody else. So where very much changes in the mirror, a part
 * of it goes into commits of their own: what will be held before the one with the rows, what is
 * held no more behind it. Who looks meanwhile may see a key as held that is free, never the other
 * way; and nothing of the batch is answered before all of it is there.
 */
#include "store/redis_row.h"
#include "store/redis_script.h"

#define DOING "commit"

static void write_meta(struct redis_store *store, const struct store_meta *meta)
{
    struct redis_command *command = &store->command;

    redis_command_begin(command, "HSET", slice_of(store->meta_key), 8);
    redis_command_add_text(command, "epoch");
    redis_command_add_number(command, meta->epoch);
    redis_command_add_text(command, "seq");
    redis_command_add_number(command, meta->seq);
    redis_command_add_text(command, "ticket");
    redis_command_add_number(command, meta->ticket);
    redis_command_add_text(command, "hash");
    redis_command_add_number(command, meta->hash);
}

static struct slice contents(const struct buf *row)
{
    return (struct slice){buf_data(row), (uint32_t)buf_size(row)};
}

static void write_op(struct redis_store *store, const struct store_op_record *record)
{
    redis_command_add_number(&store->command, (uint64_t)record->op.ticket);
    if (record->change == STORE_REMOVE)
        return;
    buf_consume(&store->row, buf_size(&store->row));
    redis_row_from_op(&record->op, &store->row);
    redis_command_add(&store->command, contents(&store->row));
}

/* One section for each run of records that are all put or all removed. */
static void write_ops(struct redis_store *store, const struct store_batch *batch)
{
    for (uint32_t at = 0, end; at < batch->n_ops; at = end) {
        bool is_removal = batch->ops[at].change == STORE_REMOVE;
        end = at + 1;
        while (end < batch->n_ops && (batch->ops[end].change == STORE_REMOVE) == is_removal)
            end++;
        redis_command_begin(&store->command, is_removal ? "HDEL" : "HSET", slice_of(store->ops_key),
                            (size_t)(end - at) * (is_removal ? 1 : 2));
        for (uint32_t i = at; i < end; i++)
            write_op(store, &batch->ops[i]);
    }
}

static void write_session(struct redis_store *store, const struct store_session_record *record)
{
    bool is_removal = record->change == STORE_REMOVE;

    redis_command_begin(&store->command, is_removal ? "HDEL" : "HSET",
                        slice_of(store->sessions_key), is_removal ? 1 : 2);
    redis_command_add_number(&store->command, record->session.id);
    if (is_removal)
        return;
    buf_consume(&store->row, buf_size(&store->row));
    redis_row_from_session(&record->session, &store->row);
    redis_command_add(&store->command, contents(&store->row));
}

static void write_rows(struct redis_store *store, const struct store_batch *batch)
{
    write_meta(store, &batch->meta);
    for (uint32_t i = 0; i < batch->n_sessions; i++)
        write_session(store, &batch->sessions[i]);
    write_ops(store, batch);
}

static void put_into_mirror(struct redis_mirror *mirror, const struct store_batch *batch)
{
    for (uint32_t i = 0; i < batch->n_ops; i++)
        if (batch->ops[i].change == STORE_REMOVE)
            redis_mirror_remove(mirror, batch->ops[i].op.ticket);
        else
            redis_mirror_put(mirror, &batch->ops[i].op);
}

struct store_result redis_show_held(struct redis_store *store, size_t n_left, const char *doing)
{
    struct store_result result = redis_fine();

    while (result.status == STORE_OK && store->mirror.n_touched > n_left) {
        redis_script_begin(store);
        if (redis_mirror_write_held(&store->mirror, &store->command, REDIS_IDS_MAX) == 0)
            break;
        result = redis_script_carry_any(store, doing);
    }
    return result;
}

static struct store_result hide_gone(struct redis_store *store)
{
    struct store_result result = redis_fine();

    while (result.status == STORE_OK && store->mirror.n_touched > 0) {
        redis_script_begin(store);
        redis_mirror_write_gone(&store->mirror, &store->command, REDIS_IDS_MAX);
        result = redis_script_carry(store, DOING);
    }
    return result;
}

struct store_result redis_commit(struct store *base, const struct store_batch *batch)
{
    struct redis_store *store = (struct redis_store *)base;
    struct redis_mirror *mirror = &store->mirror;
    struct store_result result;
    size_t n;

    put_into_mirror(mirror, batch);
    result = redis_show_held(store, REDIS_IDS_MAX, DOING);
    if (result.status != STORE_OK)
        return result;
    redis_script_begin(store);
    write_rows(store, batch);
    n = redis_mirror_write_held(mirror, &store->command, REDIS_IDS_MAX);
    redis_mirror_write_gone(mirror, &store->command, REDIS_IDS_MAX - n);
    result = redis_script_carry(store, DOING);
    return result.status == STORE_OK ? hide_gone(store) : result;
}
