/*
 * A batch as the sections of a commit: meta first, then rows in the order of the batch, then what
 * changes in the mirror.
 */
#include "store/redis_row.h"
#include "store/redis_script.h"

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
    if (record->change == STORE_REMOVE) {
        redis_mirror_remove(&store->mirror, record->op.ticket);
        return;
    }
    buf_consume(&store->row, buf_size(&store->row));
    redis_row_from_op(&record->op, &store->row);
    redis_command_add(&store->command, contents(&store->row));
    redis_mirror_put(&store->mirror, &record->op);
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

void redis_batch_write(struct redis_store *store, const struct store_batch *batch)
{
    redis_script_begin(store);
    write_meta(store, &batch->meta);
    for (uint32_t i = 0; i < batch->n_sessions; i++)
        write_session(store, &batch->sessions[i]);
    write_ops(store, batch);
    redis_mirror_write(&store->mirror, &store->command, SIZE_MAX);
}
