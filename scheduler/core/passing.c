#include "core/passing.h"

#include "core/ring.h"

/* Looks once at each ordinary operation that waits and conflicts; stops when `may` says no. */
static bool each_passed(struct core *core, bool (*may)(struct core *core, struct core_op *op))
{
    const struct draft *draft = &core->draft;
    uint64_t walk = ++core->latest_walk;

    for (uint32_t i = 0; i < draft->n_claims; i++) {
        struct key *key = key_at(&core->keys, draft->claims[i].key);
        MODE_EACH(key->waiting & mode_conflicts[draft->claims[i].mode], mode)
        {
            RING_EACH(key_line(key, mode)->waiting, claim)
            {
                struct core_op *op = op_at(&core->ops, claim->op);
                if (op->walk == walk)
                    continue;
                op->walk = walk;
                if (!may(core, op))
                    return false;
            }
        }
    }
    return true;
}

static bool has_patience(struct core *core, struct core_op *op)
{
    (void)core;
    return op->op.n_passed < CORE_PASSED_MAX;
}

static bool count(struct core *core, struct core_op *op)
{
    op->op.n_passed++;
    effect_add(core, EFFECT_PASSED, op);
    return true;
}

bool passing_may(struct core *core)
{
    return each_passed(core, has_patience);
}

void passing_note(struct core *core)
{
    each_passed(core, count);
}
