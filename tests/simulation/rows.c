#include "rows.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "paths.h"

#define WAITING 0
#define GRANTED 1
#define ENDED   2

static void object(struct fake_store *store, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void object(struct fake_store *store, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(store->wrong, sizeof store->wrong, format, arguments);
    va_end(arguments);
}

/* An array of texts without anything to be escaped; the root is the empty text. */
static bool read_keys(struct slice json, uint32_t *set)
{
    const char *at = json.at, *end, *stop;

    *set = 0;
    if (at == NULL)
        return true;
    end = at + json.n;
    for (at++; at < end && *at == '"'; at = stop + 2) {
        uint32_t bit;
        stop = memchr(at + 1, '"', (size_t)(end - at) - 1);
        if (stop == NULL)
            return false;
        bit = stop == at + 1 ? paths_find("/", 1) : paths_find(at + 1, (uint32_t)(stop - at) - 1);
        if (bit == 0)
            return false;
        *set |= bit;
    }
    return true;
}

bool rows_read_keys(struct fake_row *row)
{
    return read_keys(row->op.keys, &row->x) && read_keys(row->op.shared, &row->s);
}

static struct fake_row *find(struct fake_store *store, int64_t ticket)
{
    for (uint32_t i = store->n_ops; i-- > 0;)
        if (store->ops[i].op.ticket == ticket)
            return &store->ops[i];
    return NULL;
}

static bool is_ancestor(struct fake_store *store, const struct fake_row *of, int64_t ticket)
{
    for (const struct fake_row *row = of; row != NULL && row->op.parent != 0;) {
        if (row->op.parent == ticket)
            return true;
        row = find(store, row->op.parent);
    }
    return false;
}

static void check_grant(struct fake_store *store, const struct fake_row *row)
{
    for (uint32_t i = 0; i < store->n_ops; i++) {
        const struct fake_row *other = &store->ops[i];
        if (other == row || other->op.state != GRANTED)
            continue;
        if (other->op.token == row->op.token)
            object(store, "rows %" PRId64 " and %" PRId64 " have one token", row->op.ticket,
                   other->op.ticket);
        if (slice_equal(other->op.ns, row->op.ns) &&
            paths_conflict(row->x, row->s, other->x, other->s) &&
            !is_ancestor(store, row, other->op.ticket) &&
            !is_ancestor(store, other, row->op.ticket))
            object(store, "rows %" PRId64 " and %" PRId64 " are granted together", row->op.ticket,
                   other->op.ticket);
    }
}

static void check_row(struct fake_store *store, const struct fake_row *row)
{
    const struct store_op *op = &row->op;
    const struct fake_row *parent;

    if (op->ticket > (int64_t)store->meta.ticket || op->seq > (int64_t)store->meta.seq)
        object(store, "row %" PRId64 ": ticket or seq above the meta row's", op->ticket);
    if (op->token >> 32 > (int64_t)store->meta.epoch)
        object(store, "row %" PRId64 ": its token's epoch is not durable", op->ticket);
    if (op->state == ENDED)
        return;
    if (row->x == 0 && row->s == 0)
        object(store, "row %" PRId64 ": live, and no keys", op->ticket);
    parent = op->parent == 0 ? NULL : find(store, op->parent);
    if (op->parent != 0 && (parent == NULL || parent->op.state != GRANTED))
        object(store, "row %" PRId64 ": its parent is not granted", op->ticket);
    if (op->state == GRANTED)
        check_grant(store, row);
}

void rows_check(struct fake_store *store, const struct store_batch *batch)
{
    if (store->sum != batch->meta.hash)
        object(store, "the state hash is not that of the rows");
    for (uint32_t i = 0; i < batch->n_ops; i++) {
        const struct fake_row *row = find(store, batch->ops[i].op.ticket);
        if (row != NULL)
            check_row(store, row);
        else if (batch->ops[i].change != STORE_REMOVE)
            object(store, "row %" PRId64 " is not there", batch->ops[i].op.ticket);
    }
}
