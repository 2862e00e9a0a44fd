#include <stdlib.h>

#include "base/memory.h"
#include "core/consistent.h"

static struct slice path_of(const struct core *core, const struct claim *claim)
{
    return key_path(key_at(&core->keys, claim->key));
}

/* Whether `below` lies under `above`. */
static bool is_above(struct slice above, struct slice below)
{
    if (above.n == 0)
        return below.n > 0;
    return above.n < below.n && memcmp(above.at, below.at, above.n) == 0 &&
           below.at[above.n] == '/';
}

/* The key one segment up: what is left without the last one. */
static bool is_parent(struct slice above, struct slice below)
{
    return is_above(above, below) && memchr(below.at + above.n + (above.n > 0), '/',
                                            below.n - above.n - (above.n > 0)) == NULL;
}

static bool names_are_in_order(const struct core *core, const struct core_op *op)
{
    uint32_t n_exclusive = 0;

    for (uint32_t i = 0; i < op->n_claims; i++) {
        const struct claim *claim = &op->claims[i];
        bool is_named = claim->named == MODE_S || claim->named == MODE_X;
        if (is_named != (i < op->n_named) || claim->op != op->number)
            return false;
        if (i > 0 && i < op->n_named &&
            slice_compare(path_of(core, claim - 1), path_of(core, claim)) >= 0)
            return false;
        n_exclusive += claim->named == MODE_X;
    }
    return op->op.n_keys == n_exclusive && op->op.n_shared == op->n_named - n_exclusive;
}

static bool parents_are_right(const struct core *core, const struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++) {
        struct slice path = path_of(core, &op->claims[i]);
        uint32_t parent = op->claims[i].parent;
        if (parent >= op->n_claims)
            return false;
        if (path.n == 0 ? parent != i : !is_parent(path_of(core, &op->claims[parent]), path))
            return false;
    }
    return true;
}

/* What an operation needs on a key: what it named there, and intentions for all it named below. */
struct need {
    bool is, ix, s, x;
    bool under; /* something above is named, shared */
};

static enum mode weakest(const struct need *need)
{
    if (need->x)
        return MODE_X;
    if (need->s)
        return need->ix ? MODE_SIX : MODE_S;
    return need->ix ? MODE_IX : need->is ? MODE_IS : MODE_NONE;
}

static void add_needs(const struct core_op *op, struct need *needs)
{
    for (uint32_t i = 0; i < op->n_named; i++) {
        bool is_exclusive = op->claims[i].named == MODE_X;
        uint32_t at = i;
        needs[i].x = is_exclusive;
        needs[i].s = !is_exclusive;
        while (op->claims[at].parent != at) {
            at = op->claims[at].parent;
            needs[at].ix |= is_exclusive;
            needs[at].is |= !is_exclusive;
        }
    }
    for (uint32_t i = 0; i < op->n_claims; i++)
        for (uint32_t at = i; op->claims[at].parent != at;) {
            at = op->claims[at].parent;
            needs[i].under |= op->claims[at].named == MODE_S;
        }
}

static bool modes_are_right(const struct core_op *op)
{
    struct need *needs = memory_alloc_zeroed(op->n_claims, sizeof *needs);
    bool right = true;

    add_needs(op, needs);
    for (uint32_t i = 0; i < op->n_claims && right; i++)
        right = op->claims[i].mode == weakest(&needs[i]) &&
                ((op->claims[i].marks & CLAIM_UNDER) != 0) == needs[i].under;
    free(needs);
    return right;
}

bool consistent_claims(const struct core *core, const struct core_op *op)
{
    uint32_t n_blocked = 0;

    for (uint32_t i = 0; i < op->n_claims; i++) {
        n_blocked += (op->claims[i].marks & CLAIM_BLOCKED) != 0;
        if ((op->claims[i].marks & (CLAIM_WALKED_IS | CLAIM_WALKED_IX | CLAIM_GIVEN | CLAIM_HAD)) !=
            0)
            return false;
    }
    /* Between steps nobody waits for nothing. */
    if (op->n_claims == 0 || n_blocked != op->n_blocked ||
        (op->op.state == OP_WAITING) != (n_blocked > 0))
        return false;
    return names_are_in_order(core, op) && parents_are_right(core, op) && modes_are_right(op);
}
