#include "core/consistent.h"
#include "core/ring.h"

/* What stands on one key, counted by walking its rings. */
struct standing {
    uint32_t n_holders[MODES];
    uint64_t first_ticket[MODES]; /* of the waiting; UINT64_MAX: none waits */
    bool has_family;              /* a child holds: then holders are compared one by one */
    bool child_waits[MODES];      /* in this mode */
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

/* One ring: well linked, of this key, mode and state, in order, and counted right. Children have a
 * ring of their own while they wait, in any mode. */
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
        if (op->state != state || op->ns != key->ns)
            return false;
        if (mode == MODE_CHILDREN ? op->parent == NULL : claim->mode != mode)
            return false;
        if (state == OP_WAITING && mode != MODE_CHILDREN && op->parent != NULL)
            return false;
        if (order_of(op, state) <= last)
            return false;
        last = order_of(op, state);
        n_under -= (claim->marks & CLAIM_UNDER) != 0;
        claim = claim->next;
    } while (claim != first);
    return n == 0 && n_under == 0;
}

/* What is counted of the waiting children. */
static bool children_are_counted(struct key *key)
{
    uint32_t n[MODES] = {0}, n_blocked = 0;

    if (key->wide == NULL)
        return key->children == 0;
    RING_EACH(key->wide->lines[MODE_CHILDREN].waiting, claim)
    {
        n[claim->mode]++;
        n_blocked += (claim->marks & CLAIM_BLOCKED) != 0;
    }
    for (enum mode mode = MODE_NONE; mode < MODES; mode++)
        if (n[mode] != key->wide->n_children[mode] ||
            (n[mode] > 0) != ((key->children & MODE_BIT(mode)) != 0))
            return false;
    return n_blocked == key->wide->n_children_blocked;
}

static bool lines_are_sound(const struct core *core, struct key *key, struct standing *standing)
{
    for (enum mode mode = MODE_CHILDREN; mode < MODES; mode++) {
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

static bool has(const struct op *family, const struct op *other)
{
    while (family != NULL && family != other)
        family = family->parent;
    return family != NULL;
}

/* Children may stand beside those above them. */
static bool may_both_hold(const struct core *core, const struct claim *a, const struct claim *b)
{
    const struct op *x = &op_at(&core->ops, a->op)->op, *y = &op_at(&core->ops, b->op)->op;
    return a == b || beside[a->mode][b->mode] || has(x, y) || has(y, x);
}

static void note_families(const struct core *core, struct key *key, struct standing *standing)
{
    MODE_EACH(key->held, mode)
    RING_EACH(key_line(key, mode)->holders, claim)
    standing->has_family |= op_at(&core->ops, claim->op)->op.parent != NULL;
    if ((key->waiting & MODE_BIT(MODE_CHILDREN)) != 0)
        RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
    standing->child_waits[claim->mode] = true;
}

static bool excludes_others(const struct core *core, struct key *key, const struct claim *claim)
{
    MODE_EACH(key->held, mode)
    RING_EACH(key_line(key, mode)->holders, other)
    if (!may_both_hold(core, claim, other))
        return false;
    return true;
}

static bool families_exclude(const struct core *core, struct key *key)
{
    MODE_EACH(key->held, mode)
    RING_EACH(key_line(key, mode)->holders, claim)
    if (!excludes_others(core, key, claim))
        return false;
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
            (standing->n_holders[other] > 0 || standing->first_ticket[other] < ticket ||
             standing->child_waits[other]))
            return true;
    return false;
}

/* The same for a waiting child: one by one. */
static bool child_must_wait(const struct core *core, struct key *key, const struct claim *child)
{
    const struct op *op = &op_at(&core->ops, child->op)->op;

    MODE_EACH(key->held, mode)
    RING_EACH(key_line(key, mode)->holders, claim)
    if (!beside[child->mode][claim->mode] && !has(op, &op_at(&core->ops, claim->op)->op))
        return true;
    RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
    if (!beside[child->mode][claim->mode] && op_at(&core->ops, claim->op)->op.ticket < op->ticket)
        return true;
    return false;
}

static bool children_are_marked(const struct core *core, struct key *key)
{
    if ((key->waiting & MODE_BIT(MODE_CHILDREN)) != 0)
        RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
    if (((claim->marks & CLAIM_BLOCKED) != 0) != child_must_wait(core, key, claim))
        return false;
    return true;
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
    struct standing standing = {0};

    if (!lines_are_sound(core, key, &standing) || !children_are_counted(key) || key->draft != 0)
        return false;
    note_families(core, key, &standing);
    if (!(standing.has_family ? families_exclude(core, key) : holders_exclude(&standing)) ||
        !children_are_marked(core, key))
        return false;
    for (enum mode mode = MODE_IS; mode < MODES; mode++)
        if (((key->held | key->waiting) & MODE_BIT(mode)) != 0 &&
            !marks_are_right(core, key_line(key, mode), &standing))
            return false;
    return true;
}
