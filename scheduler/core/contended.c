#include "core/contended.h"

#include "core/family.h"
#include "core/ring.h"

static void tell_holders(struct core *core, const struct core_op *op, const struct claim *claim)
{
    struct key *key = key_at(&core->keys, claim->key);

    MODE_EACH(key->held & mode_conflicts[claim->mode], mode)
    {
        RING_EACH(key_line(key, mode)->holders, held)
        {
            struct core_op *holder = op_at(&core->ops, held->op);
            if (holder->walk == core->latest_walk || family_has(op, holder))
                continue;
            holder->walk = core->latest_walk;
            effect_add(core, EFFECT_CONTENDED, holder);
        }
    }
}

void contended_by(struct core *core, const struct core_op *op)
{
    if (!core->tells_contended)
        return;
    core->latest_walk++;
    for (uint32_t i = 0; i < op->n_claims; i++)
        if ((op->claims[i].marks & CLAIM_BLOCKED) != 0)
            tell_holders(core, op, &op->claims[i]);
}

void contended_more(struct core *core, struct core_op *op)
{
    if (core->tells_contended && core_contended(core, &op->op))
        effect_add(core, EFFECT_CONTENDED, op);
}

void core_tell_contended(struct core *core, bool tells)
{
    core->tells_contended = tells;
}
