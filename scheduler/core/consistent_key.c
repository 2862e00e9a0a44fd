#include "core/consistent.h"

/* What stands on one key, counted by walking its rings. */
struct standing {
    uint32_t n_holders[MODES];
    uint64_t first_ticket[MODES]; /* of the waiting; UINT64_MAX: none waits */
};

static const bool beside[MODES][MODES] = {
    [MODE_IS] = {[MODE_IS] = true, [MODE_IX] = true, [MODE_S] = true, [MODE_SIX] = true},
    [MODE_IX] = {[MODE_IS] = true, [MODE_IX] = true},
    [MODE_S] = {[MODE_IS] = true, [MODE_S] = true},
    [MODE_SIX] = {[MODE_IS] = true},
};

static uint64_t order_of(const struct op *op, enum op_state state)
{
    return state == OP_GRANTED ? op->token : op->ticket;
}

/* One ring: well linked, of this key, mode and state, in order, and counted right. */
static bool ring_is_sound(const struct core *core, const struct key *key, enum mode mode,
                          const struct claim *first, enum op_state state, uint32_t n,
                          uint32_t n_under)
{
    const struct claim *claim = first;
    uint64_t last = 0;

    if (first == NULL)
        return n == 0 && n_under == 0;
    do {
        const struct op *op = &op_at(&core->ops, claim->op)->op;
        if (n-- == 0 || claim->next->prev != claim || key_at(&core->keys, claim->key) != key)
            return false;
        if (claim->mode != mode || op->state != state || op->ns != key->ns)
            return false;
        if (order_of(op, state) <= last)
            return false;
        last = order_of(op, state);
        n_under -= (claim->marks & CLAIM_UNDER) != 0;
        claim = claim->next;
    } while (claim != first);
    return n == 0 && n_under == 0;
}

static bool lines_are_sound(const struct core *core, struct key *key, struct standing *standing)
{
    for (enum mode mode = MODE_IS; mode < MODES; mode++) {
        const struct line *line;
        bool held = (key->held & MODE_BIT(mode)) != 0,
             waiting = (key->waiting & MODE_BIT(mode)) != 0;

        standing->n_holders[mode] = 0;
        standing->first_ticket[mode] = UINT64_MAX;
        if (!held && !waiting)
            continue;
        if (key->wide == NULL && key->only_mode != mode)
            return false;
        line = key_line(key, mode);
        if (held != (line->holders != NULL) || waiting != (line->waiting != NULL) ||
            !ring_is_sound(core, key, mode, line->holders, OP_GRANTED, line->n_holders,
                           line->n_holders_under) ||
            !ring_is_sound(core, key, mode, line->waiting, OP_WAITING, line->n_waiting,
                           line->n_waiting_under))
            return false;
        standing->n_holders[mode] = line->n_holders;
        if (waiting)
            standing->first_ticket[mode] = op_at(&core->ops, line->waiting->op)->op.ticket;
    }
    return true;
}

static bool holders_exclude(const struct standing *standing)
{
    for (enum mode a = MODE_IS; a < MODES; a++)
        for (enum mode b = a; b < MODES; b++)
            if (standing->n_holders[a] > (a == b) && standing->n_holders[b] > 0 && !beside[a][b])
                return false;
    return true;
}

/* Rule 1, for a waiting claim. */
static bool must_wait(const struct standing *standing, enum mode mode, uint64_t ticket)
{
    for (enum mode other = MODE_IS; other < MODES; other++)
        if (!beside[mode][other] &&
            (standing->n_holders[other] > 0 || standing->first_ticket[other] < ticket))
            return true;
    return false;
}

static bool marks_are_right(const struct core *core, const struct line *line,
                            const struct standing *standing)
{
    const struct claim *claim = line->waiting, *first_blocked = NULL;

    if (claim == NULL)
        return line->front == NULL;
    do {
        bool marked = (claim->marks & CLAIM_BLOCKED) != 0;
        uint64_t ticket = op_at(&core->ops, claim->op)->op.ticket;
        if (marked != must_wait(standing, claim->mode, ticket))
            return false;
        if (first_blocked == NULL && marked)
            first_blocked = claim;
        claim = claim->next;
    } while (claim != line->waiting);
    return line->front == first_blocked;
}

bool consistent_key(const struct core *core, struct key *key)
{
    struct standing standing;

    if (!lines_are_sound(core, key, &standing) || !holders_exclude(&standing) || key->draft != 0)
        return false;
    for (enum mode mode = MODE_IS; mode < MODES; mode++)
        if (((key->held | key->waiting) & MODE_BIT(mode)) != 0 &&
            !marks_are_right(core, key_line(key, mode), &standing))
            return false;
    return true;
}
