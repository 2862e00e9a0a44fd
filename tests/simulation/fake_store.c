#include "fake_store.h"

#include <stdlib.h>

#include "base/memory.h"

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
    struct fake_row row = {*op, NULL};
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

static void change_op(struct fake_store *store, const struct store_op_record *record)
{
    uint32_t place = place_of(store, record->op.ticket);
    bool is_there = place < store->n_ops && store->ops[place].op.ticket == record->op.ticket;
    size_t behind = (store->n_ops - place) * sizeof *store->ops;

    if (is_there) {
        free(store->ops[place].text);
        if (record->change != STORE_REMOVE) {
            store->ops[place] = copy_op(&record->op);
            return;
        }
        memmove(&store->ops[place], &store->ops[place + 1], behind - sizeof *store->ops);
        store->n_ops--;
    } else if (record->change != STORE_REMOVE) {
        store->is_wrong = store->is_wrong || record->change == STORE_CHANGE;
        if (store->n_ops == store->cap_ops) {
            store->cap_ops = store->cap_ops == 0 ? 64 : store->cap_ops * 2;
            store->ops = memory_resize(store->ops, store->cap_ops * sizeof *store->ops);
        }
        memmove(&store->ops[place + 1], &store->ops[place], behind);
        store->ops[place] = copy_op(&record->op);
        store->n_ops++;
    }
}

static void remove_session(struct fake_store *store, uint64_t id)
{
    for (uint32_t i = 0; i < store->n_sessions; i++) {
        if (store->sessions[i].id != id)
            continue;
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
    store->sessions[store->n_sessions] = session;
    store->session_text[store->n_sessions++] = text;
}

void fake_store_apply(struct fake_store *store, const struct store_batch *batch)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < batch->n_sessions; i++)
        change_session(store, &batch->sessions[i]);
    for (uint32_t i = 0; i < batch->n_ops; i++)
        change_op(store, &batch->ops[i]);
    store->meta = batch->meta;
    for (uint32_t i = 0; i < store->n_ops; i++)
        hash += store_op_hash(&store->ops[i].op);
    for (uint32_t i = 0; i < store->n_sessions; i++)
        hash += store_session_hash(&store->sessions[i]);
    store->is_wrong = store->is_wrong || hash != batch->meta.hash;
}

static struct store_result fake_open(struct store *base, const struct store_recovery *recovery,
                                     struct store_meta *meta)
{
    struct fake_store *store = (struct fake_store *)base;

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
    fake_store_apply((struct fake_store *)base, batch);
    return (struct store_result){.status = STORE_OK};
}

static uint64_t fake_free_bytes(struct store *base)
{
    (void)base;
    return UINT64_MAX;
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
