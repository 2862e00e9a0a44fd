/*
 * What must be true of the rows after every commit, also when it is a slice of a longer step: a
 * crash may come now. For any keys, unlike the simulator's own of which it has a list.
 *
 * Paths are compared as the row has them: JSON writes each in one way only.
 */
#include <stdio.h>

#include "../simulation/rows.h"

#define GRANTED 1
#define ENDED   2

/* The next path of a JSON array of texts, from *at on, at first 0; false: there is none. */
static bool next_path(struct slice json, uint32_t *at, struct slice *path)
{
    uint32_t from = *at + 2, to = from; /* behind [" or ," */

    if (json.at == NULL || from >= json.n)
        return false;
    while (to < json.n && json.at[to] != '"')
        to += json.at[to] == '\\' ? 2 : 1;
    *path = (struct slice){json.at + from, to - from};
    *at = to + 1;
    return true;
}

/* Nobody asks for them: the paths themselves are compared. */
bool rows_read_keys(struct fake_row *row)
{
    row->x = row->s = 0;
    return true;
}

static bool is_at_or_above(struct slice path, struct slice other)
{
    return path.n == 0 || (other.n >= path.n && memcmp(path.at, other.at, path.n) == 0 &&
                           (other.n == path.n || other.at[path.n] == '/'));
}

static bool meet(struct slice keys, struct slice others)
{
    struct slice path, other;

    for (uint32_t i = 0; next_path(keys, &i, &path);)
        for (uint32_t j = 0; next_path(others, &j, &other);)
            if (is_at_or_above(path, other) || is_at_or_above(other, path))
                return true;
    return false;
}

static const struct store_op *find(const struct fake_store *store, int64_t ticket)
{
    for (uint32_t i = 0; i < store->n_ops; i++)
        if (store->ops[i].op.ticket == ticket)
            return &store->ops[i].op;
    return NULL;
}

/* A parent came first; rows that say otherwise have none. */
static bool is_below(const struct fake_store *store, const struct store_op *op, int64_t ticket)
{
    while (op != NULL && op->parent > ticket && op->parent < op->ticket)
        op = find(store, op->parent);
    return op != NULL && op->parent == ticket;
}

static void object(struct fake_store *store, const struct store_op *op, const char *what)
{
    snprintf(store->wrong, sizeof store->wrong, "row %lld %s", (long long)op->ticket, what);
}

static void check_grant(struct fake_store *store, const struct store_op *op)
{
    for (uint32_t i = 0; i < store->n_ops; i++) {
        const struct store_op *other = &store->ops[i].op;
        if (other == op || other->token == 0)
            continue;
        if (other->token == op->token)
            object(store, op, "has a token that another one has");
        if (other->state != GRANTED || !slice_equal(other->ns, op->ns) ||
            is_below(store, op, other->ticket) || is_below(store, other, op->ticket))
            continue;
        if (meet(op->keys, other->keys) || meet(op->keys, other->shared) ||
            meet(op->shared, other->keys))
            object(store, op, "is granted together with one that excludes it");
    }
}

static void check_row(struct fake_store *store, const struct store_op *op)
{
    const struct store_op *parent = op->parent == 0 ? NULL : find(store, op->parent);

    if (op->ticket > (int64_t)store->meta.ticket || op->seq > (int64_t)store->meta.seq)
        object(store, op, "has a ticket or seq above the meta row's");
    if (op->token >> 32 > (int64_t)store->meta.epoch)
        object(store, op, "has a token whose epoch is not durable");
    if ((op->state == GRANTED) != (op->token != 0) && op->state != ENDED)
        object(store, op, "has a token and is not granted, or the other way round");
    if (op->state != ENDED && op->parent != 0 && (parent == NULL || parent->state != GRANTED))
        object(store, op, "has a parent that is not granted");
    if (op->state == GRANTED)
        check_grant(store, op);
}

void rows_check(struct fake_store *store, const struct store_batch *batch)
{
    if (store->sum != batch->meta.hash)
        snprintf(store->wrong, sizeof store->wrong, "the state hash is not that of the rows");
    for (uint32_t i = 0; i < batch->n_ops; i++) {
        const struct store_op *op = find(store, batch->ops[i].op.ticket);
        if (op != NULL)
            check_row(store, op);
    }
}
