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

/* Breadth first. */
struct search {
    struct core *core;
    uint64_t walk;
    struct reached *reached;
    uint32_t n, cap;
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

/* Those before the claims of a child: `family` are those whom it passes by, `ticket` its own. */
static void reach_blockers(struct search *search, const struct claim *claims, uint32_t n,
                           const struct core_op *family, uint64_t ticket, uint32_t from)
{
    const struct core *core = search->core;

    for (uint32_t i = 0; i < n; i++) {
        struct key *key = key_at(&core->keys, claims[i].key);
        uint32_t conflicts = mode_conflicts[claims[i].mode];
        struct core_key on = {key_path(key), MODE_NONE};
        if ((claims[i].marks & CLAIM_BLOCKED) == 0)
            continue;
        MODE_EACH(key->held & conflicts, mode)
        {
            RING_EACH(key_line(key, mode)->holders, claim)
            {
                struct core_op *op = op_at(&core->ops, claim->op);
                if (!family_has(family, op))
                    reach(search, op, from, on);
            }
        }
        if ((key->waiting & MODE_BIT(MODE_CHILDREN)) == 0)
            continue;
        RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
        {
            struct core_op *op = op_at(&core->ops, claim->op);
            if (op->op.ticket < ticket && (conflicts & MODE_BIT(claim->mode)) != 0)
                reach(search, op, from, on);
        }
    }
}

/* Whom this one waits for. */
static void go_on(struct search *search, uint32_t place)
{
    struct core_op *op = search->reached[place].op;

    if (op->op.state == OP_WAITING) {
        reach_blockers(search, op->claims, op->n_claims, op, op->op.ticket, place + 1);
        return;
    }
    LIST_EACH (&op->children, link)
        reach(search, LIST_ENTRY(link, struct core_op, sibling), place + 1,
              (struct core_key){.mode = MODE_NONE});
}

/* What it named that is waited for: the first key that is at, above or below the one where the two
 * met; without such a key, the first of all. */
static struct core_key named_at(const struct core *core, const struct core_op *op,
                                struct core_key on)
{
    struct core_key key = {.mode = MODE_NONE};

    if (on.path.at != NULL)
        key = named_conflict(core, op, on.path, MODE_X);
    if (key.mode == MODE_NONE)
        core_op_keys(core, &op->op, 0, &key, 1);
    return key;
}

static void show(const struct core *core, struct ahead *circle, const struct core_op *op,
                 struct core_key on)
{
    struct core_key key = named_at(core, op, on);

    circle->count++;
    if (circle->shown < CORE_BLOCKERS_SHOWN)
        circle->blockers[circle->shown++] = (struct blocker){&op->op, key.path, key.mode};
}

/* From the first blocker to `place`. */
static void show_way(const struct search *search, uint32_t place, struct ahead *circle)
{
    const struct reached *reached = &search->reached[place];

    if (reached->from != 0)
        show_way(search, reached->from - 1, circle);
    show(search->core, circle, reached->op, reached->key);
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

    reach_blockers(&search, core->draft.claims, core->draft.n_claims, parent, UINT64_MAX, 0);
    for (uint32_t i = 0; i < search.n && !found; i++) {
        found = family_has(parent, search.reached[i].op);
        if (found) {
            show_way(&search, i, circle);
            show_line(&search, parent, search.reached[i].op, circle);
        } else {
            go_on(&search, i);
        }
    }
    free(search.reached);
    return found;
}
