#include "fake_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rows.h"

static struct slice keep(char **at, struct slice s)
{
    struct slice kept = {s.at == NULL ? NULL : *at, s.n};

    if (s.at != NULL && s.n > 0)
        memcpy(*at, s.at, s.n);
    *at += s.n;
    return kept;
}

static struct fake_row copy_op(const struct store_op *op)
{
    struct fake_row row = {.op = *op, .hash = store_op_hash(op)};
    size_t size = 1;
    char *at;

#define NOTHING(name)
#define ADD_SIZE(name) size += op->name.n;
    STORE_OP_COLUMNS(NOTHING, ADD_SIZE, ADD_SIZE)
#undef ADD_SIZE
    at = row.text = memory_alloc(size);
#define KEEP(name) row.op.name = keep(&at, op->name);
    STORE_OP_COLUMNS(NOTHING, KEEP, KEEP)
#undef KEEP
#undef NOTHING
    return row;
}

/* Where the row with this ticket is, or would be. */
static uint32_t place_of(const struct fake_store *store, int64_t ticket)
{
    uint32_t low = 0, high = store->n_ops;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (store->ops[middle].op.ticket < ticket)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void refuse(struct fake_store *store, const char *why)
{
    snprintf(store->wrong, sizeof store->wrong, "%s", why);
}

static void put_row(struct fake_store *store, uint32_t place, const struct store_op *op)
{
    store->ops[place] = copy_op(op);
    store->sum += store->ops[place].hash;
    if (!rows_read_keys(&store->ops[place]))
        refuse(store, "a row has keys that nobody named");
}

static void drop_row(struct fake_store *store, uint32_t place)
{
    store->sum -= store->ops[place].hash;
    free(store->ops[place].text);
}

static void change_op(struct fake_store *store, const struct store_op_record *record)
{
    uint32_t place = place_of(store, record->op.ticket);
    bool is_there = place < store->n_ops && store->ops[place].op.ticket == record->op.ticket;
    size_t behind = (store->n_ops - place) * sizeof *store->ops;

    if (is_there) {
        drop_row(store, place);
        if (record->change != STORE_REMOVE) {
            put_row(store, place, &record->op);
            return;
        }
        memmove(&store->ops[place], &store->ops[place + 1], behind - sizeof *store->ops);
        store->n_ops--;
    } else if (record->change != STORE_REMOVE) {
        if (store->n_ops == store->cap_ops) {
            store->cap_ops = store->cap_ops == 0 ? 64 : store->cap_ops * 2;
            store->ops = memory_resize(store->ops, store->cap_ops * sizeof *store->ops);
        }
        memmove(&store->ops[place + 1], &store->ops[place], behind);
        put_row(store, place, &record->op);
        store->n_ops++;
    }
}

static void remove_session(struct fake_store *store, uint64_t id)
{
    for (uint32_t i = 0; i < store->n_sessions; i++) {
        if (store->sessions[i].id != id)
            continue;
        store->sum -= store_session_hash(&store->sessions[i]);
        free(store->session_text[i]);
        store->n_sessions--;
        store->sessions[i] = store->sessions[store->n_sessions];
        store->session_text[i] = store->session_text[store->n_sessions];
        return;
    }
}

static void change_session(struct fake_store *store, const struct store_session_record *record)
{
    struct store_session session = record->session;
    char *text, *at;

    remove_session(store, session.id);
    if (record->change == STORE_REMOVE)
        return;
    if (store->n_sessions == store->cap_sessions) {
        store->cap_sessions = store->cap_sessions == 0 ? 16 : store->cap_sessions * 2;
        store->sessions =
            memory_resize(store->sessions, store->cap_sessions * sizeof *store->sessions);
        store->session_text =
            memory_resize(store->session_text, store->cap_sessions * sizeof(char *));
    }
    at = text = memory_alloc((size_t)session.ns.n + session.secret.n + session.peer.n + 1);
    session.ns = keep(&at, session.ns);
    session.secret = keep(&at, session.secret);
    session.peer = keep(&at, session.peer);
    store->sum += store_session_hash(&session);
    store->sessions[store->n_sessions] = session;
    store->session_text[store->n_sessions++] = text;
}

void fake_store_apply(struct fake_store *store, const struct store_batch *batch)
{
    if (batch->meta.epoch < store->meta.epoch || batch->meta.seq < store->meta.seq ||
        batch->meta.ticket < store->meta.ticket)
        refuse(store, "epoch, seq or ticket of a commit went back");
    for (uint32_t i = 0; i < batch->n_sessions; i++)
        change_session(store, &batch->sessions[i]);
    for (uint32_t i = 0; i < batch->n_ops; i++)
        change_op(store, &batch->ops[i]);
    store->meta = batch->meta;
    rows_check(store, batch);
}

static struct store_result fake_open(struct store *base, const struct store_recovery *recovery,
                                     struct store_meta *meta)
{
    struct fake_store *store = (struct fake_store *)base;

    if (store->fails_open) {
        store->fails_open = false;
        return (struct store_result){STORE_FAILED, "open: on purpose"};
    }
    *meta = store->meta;
    for (uint32_t i = 0; i < store->n_sessions; i++)
        if (!recovery->on_session(recovery->context, &store->sessions[i]))
            return (struct store_result){STORE_DAMAGED, "a session was refused"};
    for (uint32_t i = 0; i < store->n_ops; i++)
        if (!recovery->on_op(recovery->context, &store->ops[i].op))
            return (struct store_result){STORE_DAMAGED, "an operation was refused"};
    return (struct store_result){.status = STORE_OK};
}

static struct store_result fake_commit(struct store *base, const struct store_batch *batch)
{
    struct fake_store *store = (struct fake_store *)base;
    enum store_fate fate = store->next_commit;

    store->next_commit = STORE_FATE_DONE;
    if (fate != STORE_FATE_LOST)
        fake_store_apply(store, batch);
    if (fate != STORE_FATE_DONE)
        return (struct store_result){STORE_FAILED, "commit: on purpose"};
    return (struct store_result){.status = STORE_OK};
}

static uint64_t fake_free_bytes(struct store *base)
{
    return ((struct fake_store *)base)->is_low ? 0 : UINT64_MAX;
}

static struct store_result fake_on_idle(struct store *base)
{
    (void)base;
    return (struct store_result){.status = STORE_OK};
}

static void fake_close(struct store *base)
{
    (void)base;
}

static const struct store_interface fake_interface = {
    .backend = "simulated",
    .open = fake_open,
    .commit = fake_commit,
    .free_bytes = fake_free_bytes,
    .on_idle = fake_on_idle,
    .close = fake_close,
};

void fake_store_init(struct fake_store *store)
{
    *store = (struct fake_store){.base = {&fake_interface}};
}

void fake_store_finish(struct fake_store *store)
{
    for (uint32_t i = 0; i < store->n_ops; i++)
        free(store->ops[i].text);
    for (uint32_t i = 0; i < store->n_sessions; i++)
        free(store->session_text[i]);
    free(store->ops);
    free(store->sessions);
    free(store->session_text);
}
