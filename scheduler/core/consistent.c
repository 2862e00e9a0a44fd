#include "core/consistent.h"

/* Everything that is counted, counted again. */
struct census {
    uint64_t ops, waiting, granted, claims, bytes;
    uint64_t tied, claimed, armed; /* claimed: by another session */
};

static bool ended_is_bare(const struct core_op *op)
{
    return op->n_claims == 0 && op->claims == NULL && op->timer.place == 0 && op->owner == 0 &&
           op->claimer == 0 && op->op.meta.at == NULL && op->op.payload.at == NULL &&
           op->op.end != END_NONE && !list_is_linked(&op->tied) && op->op.n_children == 0 &&
           !list_is_linked(&op->sibling);
}

static bool live_is_armed(const struct core_op *op)
{
    if (op->op.deadline_ms == CORE_FOREVER)
        return true;
    return op->timer.place != 0 && op->timer.at <= op->op.deadline_ms;
}

/* Its parent is granted and counts it; what it counts is there. */
static bool family_is_sound(const struct core_op *op)
{
    uint32_t n = 0;

    if (op->op.parent != NULL &&
        (op->op.parent->state != OP_GRANTED || op->op.parent->ns != op->op.ns ||
         op->op.parent->ticket >= op->op.ticket))
        return false;
    LIST_EACH (&op->children, link) {
        const struct op *child = &LIST_ENTRY(link, struct core_op, sibling)->op;
        if (child->parent != &op->op || child->state == OP_ENDED)
            return false;
        n++;
    }
    return n == op->op.n_children && list_is_linked(&op->sibling) == (op->op.parent != NULL);
}

static bool op_is_consistent(const struct core *core, const struct core_op *op,
                             struct census *census)
{
    census->ops++;
    census->armed += op->timer.place != 0;
    if (ops_find(&core->ops, op->op.ns, op->op.id, namespace_hash(op->op.ns, op->op.id)) != op)
        return false;
    if (op->op.state == OP_ENDED)
        return ended_is_bare(op);
    census->waiting += op->op.state == OP_WAITING;
    census->granted += op->op.state == OP_GRANTED;
    census->claims += op->n_claims;
    census->bytes += op->op.meta.n + op->op.payload.n;
    census->tied += !op->op.detached || op->op.tied;
    census->claimed += op->op.claimed_by != 0 && op->op.claimed_by != op->op.session;
    return op->op.end == END_NONE && (op->op.token != 0) == (op->op.state == OP_GRANTED) &&
           live_is_armed(op) && list_is_linked(&op->tied) == (!op->op.detached || op->op.tied) &&
           family_is_sound(op) && consistent_claims(core, op);
}

static bool ops_are_consistent(const struct core *core, struct census *census)
{
    uint64_t last = 0;

    for (size_t i = 0; i < core->roll.n; i++) {
        const struct roll_entry *entry = &core->roll.entries[i];
        const struct core_op *op = entry->op == 0 ? NULL : op_at(&core->ops, entry->op);
        if (entry->ticket <= last || entry->ticket > core->ticket)
            return false;
        last = entry->ticket;
        if (op != NULL && (op->op.ticket != last || op->op.seq > core->seq ||
                           !op_is_consistent(core, op, census)))
            return false;
    }
    return true;
}

static uint64_t claims_on(const struct key *key)
{
    uint64_t n = 0;

    if (key->wide == NULL)
        return key_is_claimed(key) ? key->only.n_holders + key->only.n_waiting : 0;
    for (enum mode mode = MODE_CHILDREN; mode < MODES; mode++)
        n += key->wide->lines[mode].n_holders + key->wide->lines[mode].n_waiting;
    return n;
}

/* Each key in the table is claimed and found; adds up the claims on them. */
static bool keys_are_consistent(const struct core *core, uint64_t *n_claims)
{
    const struct table *table = &core->keys.table;
    struct table_walk walk = {0};
    uint32_t n_keys = 0;

    for (uint32_t item; (item = table_walk(table, &walk)) != 0; n_keys++) {
        struct key *key = key_at(&core->keys, item);
        *n_claims += claims_on(key);
        if (!key_is_claimed(key) || !consistent_key(core, key) ||
            keys_find(&core->keys, key->ns, key_path(key),
                      namespace_hash(key->ns, key_path(key))) != item)
            return false;
    }
    return n_keys == table->n;
}

static bool namespaces_are_consistent(const struct core *core, const struct census *census,
                                      uint64_t *n_claims)
{
    const struct core_namespace *ns = NULL;
    uint64_t n = 0, live = 0, waiting = 0;

    while ((ns = core_next_namespace(core, ns)) != NULL) {
        struct key *root = key_at(&core->keys, ns->root);
        n++;
        live += ns->n_live;
        waiting += ns->n_waiting;
        *n_claims += claims_on(root);
        /* Every live operation of a namespace stands on its root. */
        if (ns->n_live == 0 || claims_on(root) != ns->n_live || !consistent_key(core, root))
            return false;
    }
    return n == core->namespaces.n_live && live == census->waiting + census->granted &&
           waiting == census->waiting;
}

/* The operations that die with a session; counts them. */
static bool owner_is_consistent(struct owner *owner, uint64_t *n_tied)
{
    if (owner->n_submitted + owner->n_claimed == 0)
        return false;
    LIST_EACH (&owner->tied, link) {
        const struct op *op = &LIST_ENTRY(link, struct core_op, tied)->op;
        if (op->detached ? op->claimed_by != owner->session : op->session != owner->session)
            return false;
        (*n_tied)++;
    }
    return true;
}

static bool owners_are_consistent(const struct core *core, const struct census *census)
{
    struct table_walk walk = {0};
    uint64_t submitted = 0, claimed = 0, tied = 0;

    for (uint32_t item; (item = table_walk(&core->owners.table, &walk)) != 0;) {
        struct owner *owner = POOL_AT(&core->owners.pool, item, struct owner);
        submitted += owner->n_submitted;
        claimed += owner->n_claimed;
        if (!owner_is_consistent(owner, &tied))
            return false;
    }
    return submitted == census->waiting + census->granted && claimed == census->claimed &&
           tied == census->tied;
}

bool core_is_consistent(const struct core *core)
{
    struct census census = {0};
    uint64_t n_claims = 0;

    return ops_are_consistent(core, &census) && keys_are_consistent(core, &n_claims) &&
           namespaces_are_consistent(core, &census, &n_claims) &&
           owners_are_consistent(core, &census) && n_claims == census.claims &&
           census.claims == core->n_claims && census.bytes == core->live_bytes &&
           census.waiting == core->n_waiting && census.granted == core->n_granted &&
           census.ops - census.waiting - census.granted == core->history.n &&
           census.armed == core->deadlines.n && core->ready.n == 0 && core->due.n == 0;
}
