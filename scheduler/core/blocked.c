#include "core/blocked.h"

#include "core/family.h"

static const struct core_op *op_of_claim(const struct core *core, const struct claim *claim)
{
    return op_at(&core->ops, claim->op);
}

/* By a holder outside the family, in one of these modes. Few are inside, so few are looked at. */
static bool by_holder(const struct core *core, struct key *key, uint32_t conflicts,
                      const struct core_op *family)
{
    conflicts &= key->held;
    if (conflicts == 0 || family == NULL)
        return conflicts != 0;
    MODE_EACH(conflicts, other)
    {
        RING_EACH(key_line(key, other)->holders, claim)
        {
            if (!family_has(family, op_of_claim(core, claim)))
                return true;
        }
    }
    return false;
}

uint32_t blocked_mark(const struct core *core, struct claim *claims, uint32_t n,
                      struct newcomer newcomer)
{
    uint32_t n_blocked = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct key *key = key_at(&core->keys, claims[i].key);
        uint32_t conflicts = mode_conflicts[claims[i].mode];
        if (((key->held | key->waiting | key->children) & conflicts) == 0)
            continue;
        if (!by_holder(core, key, conflicts, newcomer.family) && (key->children & conflicts) == 0 &&
            !(newcomer.heeds_waiting && (key->waiting & conflicts) != 0))
            continue;
        claims[i].marks |= CLAIM_BLOCKED;
        n_blocked++;
    }
    return n_blocked;
}

bool blocked_in(const struct core *core, uint32_t key, enum mode mode, struct newcomer newcomer)
{
    struct claim alone = {.key = key, .mode = (uint8_t)mode};

    return blocked_mark(core, &alone, 1, newcomer) > 0;
}

bool blocked_is(const struct core *core, struct key *key, const struct claim *claim)
{
    const struct core_op *op = op_of_claim(core, claim);
    uint32_t conflicts = mode_conflicts[claim->mode];

    if (((key->held | key->children) & conflicts) != 0)
        return true;
    MODE_EACH(key->waiting & conflicts, mode)
    {
        if (op_of_claim(core, key_line(key, mode)->waiting)->op.ticket < op->op.ticket)
            return true;
    }
    return false;
}

bool blocked_child_is(const struct core *core, struct key *key, const struct claim *claim,
                      uint32_t earlier)
{
    uint32_t conflicts = mode_conflicts[claim->mode];

    return (earlier & conflicts) != 0 || by_holder(core, key, conflicts, op_of_claim(core, claim));
}
