#include "core/owner.h"

void owners_init(struct owners *owners)
{
    pool_init(&owners->pool, sizeof(struct owner));
    table_init(&owners->table);
}

void owners_finish(struct owners *owners)
{
    table_finish(&owners->table);
    pool_finish(&owners->pool);
}

static struct owner *at(const struct owners *owners, uint32_t number)
{
    return POOL_AT(&owners->pool, number, struct owner);
}

/* The driver chooses them, nobody else: they need no key against floods. */
static uint32_t hash_of(uint64_t session)
{
    return (uint32_t)(session ^ session >> 32);
}

static uint32_t find(const struct owners *owners, uint64_t session, uint32_t hash)
{
    struct table_search search = table_search(&owners->table, hash);
    uint32_t number;

    while ((number = table_next(&owners->table, &search)) != 0)
        if (at(owners, number)->session == session)
            break;
    return number;
}

struct owner *owner_find(const struct owners *owners, uint64_t session)
{
    uint32_t number = find(owners, session, hash_of(session));
    return number == 0 ? NULL : at(owners, number);
}

static uint32_t get(struct owners *owners, uint64_t session)
{
    uint32_t hash = hash_of(session), number = find(owners, session, hash);

    if (number == 0) {
        number = pool_take(&owners->pool);
        *at(owners, number) = (struct owner){.hash = hash, .session = session};
        table_add(&owners->table, number, hash);
    }
    return number;
}

static void drop_unused(struct owners *owners, uint32_t number)
{
    struct owner *owner = at(owners, number);

    if (owner->n_submitted + owner->n_claimed > 0)
        return;
    table_remove(&owners->table, number, owner->hash);
    pool_give(&owners->pool, number);
}

void owner_on_live(struct owners *owners, struct core_op *op)
{
    struct owner *owner;

    op->owner = get(owners, op->op.session);
    owner = at(owners, op->owner);
    owner->n_submitted++;
    if (!op->op.detached)
        list_append(&owner->tied, &op->tied);
    if (op->op.claimed_by != 0)
        owner_on_claimed(owners, op);
    if (op->op.tied)
        owner_on_tied(owners, op);
}

void owner_on_claimed(struct owners *owners, struct core_op *op)
{
    if (op->op.claimed_by == op->op.session)
        return;
    op->claimer = get(owners, op->op.claimed_by);
    at(owners, op->claimer)->n_claimed++;
}

void owner_on_tied(struct owners *owners, struct core_op *op)
{
    uint32_t claimer = op->op.claimed_by == op->op.session ? op->owner : op->claimer;
    list_append(&at(owners, claimer)->tied, &op->tied);
}

void owner_on_ended(struct owners *owners, struct core_op *op)
{
    list_remove(&op->tied);
    at(owners, op->owner)->n_submitted--;
    drop_unused(owners, op->owner);
    op->owner = 0;
    if (op->claimer == 0)
        return;
    at(owners, op->claimer)->n_claimed--;
    drop_unused(owners, op->claimer);
    op->claimer = 0;
}
