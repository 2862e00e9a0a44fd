#include "core/deadlock.h"

#include <stdlib.h>

#include "base/memory.h"
#include "core/blocked.h"
#include "core/family.h"
#include "core/named.h"

/* One that was reached, from where, and what of it is waited for. */
struct reached {
    struct core_op *op;
    uint32_t from; /* place + 1 among the reached; 0: the draft */
    struct core_key key;
};

/* What was reached of a key. Who comes to it later looks only for more: a line of many children is
 * not walked again for each of them. */
struct seen {
    uint32_t key;
    uint32_t held;     /* bits of the modes of whose holders none is left */
    uint32_t children; /* bits of the modes of whose waiting children none is left, below: */
    uint64_t ticket;
};

/* Breadth first. */
struct search {
    struct core *core;
    uint64_t walk;
    struct reached *reached;
    uint32_t n, cap;
    struct seen *seen; /* its place + 1 is in `draft` of the key */
    uint32_t n_seen, cap_seen;
};

static void reach(struct search *search, struct core_op *op, uint32_t from, struct core_key key)
{
    if (op->walk == search->walk)
        return;
    op->walk = search->walk;
    if (search->n == search->cap) {
        search->cap = search->cap == 0 ? 64 : search->cap * 2;
        search->reached = memory_resize(search->reached, search->cap * sizeof *search->reached);
    }
    search->reached[search->n++] = (struct reached){op, from, key};
}

/* Valid until the next call. */
static struct seen *seen_of(struct search *search, uint32_t number)
{
    struct key *key = key_at(&search->core->keys, number);

    if (key->draft == 0) {
        if (search->n_seen == search->cap_seen) {
            search->cap_seen = search->cap_seen == 0 ? 64 : search->cap_seen * 2;
            search->seen = memory_resize(search->seen, search->cap_seen * sizeof *search->seen);
        }
        search->seen[search->n_seen++] = (struct seen){.key = number};
        key->draft = search->n_seen;
    }
    return &search->seen[key->draft - 1];
}

static void forget_seen(struct search *search)
{
    for (uint32_t i = 0; i < search->n_seen; i++)
        key_at(&search->core->keys, search->seen[i].key)->draft = 0;
    free(search->seen);
}

/* One that waits for others. */
struct waiter {
    const struct claim *claims;
    uint32_t n_claims;
    const struct core_op *family; /* whom it passes by: it, if it is there yet, and those above */
    uint64_t ticket;
    uint32_t from; /* as in struct reached */
};

static void reach_holders(struct search *search, const struct waiter *waiter, struct key *key,
                          enum mode mode, struct seen *seen)
{
    bool are_all = true;

    RING_EACH(key_line(key, mode)->holders, claim)
    {
        struct core_op *op = op_at(&search->core->ops, claim->op);
        if (family_has(waiter->family, op))
            are_all = false;
        else
            reach(search, op, waiter->from, (struct core_key){key_path(key), MODE_NONE});
    }
    if (are_all)
        seen->held |= MODE_BIT(mode);
}

static void reach_children(struct search *search, const struct waiter *waiter, struct key *key,
                           uint32_t modes, struct seen *seen)
{
    if ((modes & ~seen->children) == 0 && waiter->ticket <= seen->ticket)
        return;
    RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
    {
        struct core_op *op = op_at(&search->core->ops, claim->op);
        if (op->op.ticket >= waiter->ticket)
            break;
        if ((modes & MODE_BIT(claim->mode)) != 0)
            reach(search, op, waiter->from, (struct core_key){key_path(key), MODE_NONE});
    }
    seen->children = modes;
    seen->ticket = waiter->ticket;
}

static void reach_blockers(struct search *search, const struct waiter *waiter)
{
    for (uint32_t i = 0; i < waiter->n_claims; i++) {
        const struct claim *claim = &waiter->claims[i];
        struct key *key = key_at(&search->core->keys, claim->key);
        uint32_t conflicts = mode_conflicts[claim->mode];
        struct seen *seen;
        if ((claim->marks & CLAIM_BLOCKED) == 0)
            continue;
        seen = seen_of(search, claim->key);
        MODE_EACH(key->held & conflicts & ~seen->held, mode)
        reach_holders(search, waiter, key, mode, seen);
        if ((key->children & conflicts) != 0)
            reach_children(search, waiter, key, key->children & conflicts, seen);
    }
}

/* Whom this one waits for. */
static void go_on(struct search *search, uint32_t place)
{
    struct core_op *op = search->reached[place].op;

    if (op->op.state == OP_WAITING) {
        reach_blockers(search,
                       &(struct waiter){op->claims, op->n_claims, op, op->op.ticket, place + 1});
        return;
    }
    LIST_EACH (&op->children, link)
        reach(search, LIST_ENTRY(link, struct core_op, sibling), place + 1,
              (struct core_key){.mode = MODE_NONE});
}

/* What it named that is waited for: the first key that is at, above or below the one where the two
 * met; if they did not meet on a key, the first of all. */
static struct core_key named_at(const struct core *core, const struct core_op *op,
                                struct core_key on)
{
    struct core_key key;

    if (on.path.at != NULL)
        return named_conflict(core, op, on.path, MODE_X);
    core_op_keys(core, &op->op, 0, &key, 1);
    return key;
}

static void show(const struct core *core, struct ahead *circle, const struct core_op *op,
                 struct core_key on)
{
    struct core_key key;

    circle->count++;
    if (circle->shown == CORE_BLOCKERS_SHOWN)
        return;
    key = named_at(core, op, on);
    circle->blockers[circle->shown++] = (struct blocker){&op->op, key.path, key.mode};
}

/* From the first blocker to `place`: the way is turned round, and leads there afterwards. */
static void show_way(struct search *search, uint32_t place, struct ahead *circle)
{
    struct reached *reached = search->reached;
    uint32_t first = 0;

    for (uint32_t at = place + 1, from; at != 0; at = from) {
        from = reached[at - 1].from;
        reached[at - 1].from = first;
        first = at;
    }
    for (uint32_t at = first; at != 0; at = reached[at - 1].from)
        show(search->core, circle, reached[at - 1].op, reached[at - 1].key);
}

/* From below `above` down to the parent. */
static void show_line(const struct search *search, const struct core_op *op,
                      const struct core_op *above, struct ahead *circle)
{
    if (op == above)
        return;
    show_line(search, op_of(op->op.parent), above, circle);
    show(search->core, circle, op, (struct core_key){.mode = MODE_NONE});
}

bool deadlock_find(struct core *core, const struct core_op *parent, struct ahead *circle)
{
    struct search search = {.core = core, .walk = ++core->latest_walk};
    bool found = false;

    reach_blockers(
        &search, &(struct waiter){core->draft.claims, core->draft.n_claims, parent, UINT64_MAX, 0});
    for (uint32_t i = 0; i < search.n && !found; i++) {
        found = family_has(parent, search.reached[i].op);
        if (found) {
            show_way(&search, i, circle);
            show_line(&search, parent, search.reached[i].op, circle);
        } else {
            go_on(&search, i);
        }
    }
    forget_seen(&search);
    free(search.reached);
    return found;
}
