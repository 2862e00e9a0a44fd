#include "core/ahead.h"

#include "core/family.h"
#include "core/named.h"

/* Where the walk stands in one line. */
struct cursor {
    const struct claim *next, *first;
    uint32_t modes; /* that conflict, as bits: other claims of the line do not count */
};

/* The conflicting lines of one named key: on itself and on every key above. */
#define CURSORS_MAX ((CORE_SEGMENTS_MAX + 1) * MODES)

struct walk {
    struct core *core;
    struct blocker *list;
    uint32_t max, shown; /* room in the list, and what is in it */
    uint32_t count;
    bool more;
    struct claim *claims;
    const struct core_op *family; /* it, or its parent: they do not count; NULL: all do */
    uint64_t below_child, below;  /* tickets: who waits from there on does not count */
    uint64_t mark;
    uint32_t n_looked;
    const struct claim *ours; /* the named key of the moment */
    uint32_t n_holding, n_children, n_waiting;
    struct cursor holding[CURSORS_MAX], children[CURSORS_MAX], waiting[CURSORS_MAX];
};

static struct core_op *op_of_claim(const struct walk *walk, const struct claim *claim)
{
    return op_at(&walk->core->ops, claim->op);
}

static void look_at(struct walk *walk, struct core_op *op)
{
    if (op->walk == walk->mark || (walk->family != NULL && family_has(walk->family, op)))
        return;
    op->walk = walk->mark;
    walk->count++;
    if (walk->shown < walk->max) {
        const struct key *key = key_at(&walk->core->keys, walk->ours->key);
        struct core_key theirs = named_conflict(walk->core, op, key_path(key), walk->ours->named);
        walk->list[walk->shown++] = (struct blocker){&op->op, theirs.path, theirs.mode};
    }
}

/* By token or ticket: what the lines are ordered by. */
static uint64_t place_in_line(const struct walk *walk, const struct claim *claim)
{
    const struct op *op = &op_of_claim(walk, claim)->op;
    return op->state == OP_GRANTED ? op->token : op->ticket;
}

/* The cursor whose next claim comes first; NULL: all are through. */
static struct cursor *earliest(const struct walk *walk, struct cursor *cursors, uint32_t n,
                               uint64_t *place)
{
    struct cursor *first = NULL;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t other;
        if (cursors[i].next == NULL)
            continue;
        other = place_in_line(walk, cursors[i].next);
        if (first != NULL && other > *place)
            continue;
        first = &cursors[i];
        *place = other;
    }
    return first;
}

/* Looks at what stands in the lines, in one order. Returns false when it was enough. */
static bool merge(struct walk *walk, struct cursor *cursors, uint32_t n, uint64_t below)
{
    struct cursor *cursor;
    uint64_t place = 0;

    while ((cursor = earliest(walk, cursors, n, &place)) != NULL && place < below) {
        const struct claim *claim = cursor->next;
        if (walk->n_looked == CORE_BLOCKERS_WALK) {
            walk->more = true;
            return false;
        }
        walk->n_looked++;
        cursor->next = claim->next == cursor->first ? NULL : claim->next;
        if ((cursor->modes & MODE_BIT(claim->mode)) != 0)
            look_at(walk, op_of_claim(walk, claim));
    }
    return true;
}

static struct cursor cursor_at(const struct claim *first, uint32_t modes)
{
    return (struct cursor){first, first, modes};
}

/* Adds the lines on the key of one of our claims that conflict with `mode`. */
static void add_lines(struct walk *walk, const struct claim *claim, enum mode mode)
{
    struct key *key = key_at(&walk->core->keys, claim->key);
    uint32_t modes = mode_conflicts[mode];

    MODE_EACH(key->held & modes, other)
    walk->holding[walk->n_holding++] = cursor_at(key_line(key, other)->holders, modes);
    if ((key->children & modes) != 0)
        walk->children[walk->n_children++] =
            cursor_at(key_line(key, MODE_CHILDREN)->waiting, modes);
    MODE_EACH(key->waiting & modes, other)
    walk->waiting[walk->n_waiting++] = cursor_at(key_line(key, other)->waiting, modes);
}

/* The lines above a key are walked for the first key below that asks, once for each mode. */
static void add_lines_above(struct walk *walk, const struct claim *claim, enum mode mode)
{
    uint8_t mark = mode == MODE_IX ? CLAIM_WALKED_IX : CLAIM_WALKED_IS;

    while (claim != &walk->claims[claim->parent]) {
        struct claim *above = &walk->claims[claim->parent];
        if ((above->marks & CLAIM_BLOCKED) != 0 && (above->marks & mark) == 0) {
            above->marks |= mark;
            add_lines(walk, above, mode);
        }
        claim = above;
    }
}

static bool walk_key(struct walk *walk, const struct claim *claim)
{
    if ((claim->marks & CLAIM_HAD) != 0)
        return true;
    walk->ours = claim;
    walk->n_holding = walk->n_children = walk->n_waiting = 0;
    add_lines_above(walk, claim, mode_above(claim->named));
    if ((claim->marks & CLAIM_BLOCKED) != 0)
        add_lines(walk, claim, claim->named);
    return merge(walk, walk->holding, walk->n_holding, UINT64_MAX) &&
           merge(walk, walk->children, walk->n_children, walk->below_child) &&
           merge(walk, walk->waiting, walk->n_waiting, walk->below);
}

static void clear_marks_above(struct claim *claims, const struct claim *claim)
{
    while (claim != &claims[claim->parent]) {
        claim = &claims[claim->parent];
        claims[claim - claims].marks &= (uint8_t) ~(CLAIM_WALKED_IS | CLAIM_WALKED_IX);
    }
}

static void walk_all(struct walk *walk, uint32_t n_named)
{
    uint32_t walked = 0;

    walk->mark = ++walk->core->latest_walk;
    while (walked < n_named && walk_key(walk, &walk->claims[walked++]))
        ;
    for (uint32_t i = 0; i < walked; i++)
        clear_marks_above(walk->claims, &walk->claims[i]);
}

static void tell(const struct walk *walk, struct ahead *out)
{
    out->count = walk->count;
    out->more = walk->more;
    out->shown = walk->shown;
}

void ahead_of_draft(struct core *core, struct newcomer newcomer, struct ahead *out)
{
    struct walk walk = {.core = core,
                        .list = out->blockers,
                        .max = CORE_BLOCKERS_SHOWN,
                        .claims = core->draft.claims,
                        .family = newcomer.family,
                        .below_child = UINT64_MAX,
                        .below = newcomer.heeds_waiting ? UINT64_MAX : 0};
    walk_all(&walk, core->draft.n_named);
    tell(&walk, out);
}

static struct walk walk_of(struct core *core, const struct op *op, struct blocker *list,
                           uint32_t max)
{
    struct core_op *of = op_of(op);
    bool is_child = op->parent != NULL;

    return (struct walk){.core = core,
                         .list = list,
                         .max = max,
                         .claims = of->claims,
                         .family = is_child ? of : NULL,
                         .below_child = is_child ? op->ticket : UINT64_MAX,
                         .below = is_child ? 0 : op->ticket};
}

void core_ahead(struct core *core, const struct op *op, struct ahead *out)
{
    struct walk walk = walk_of(core, op, out->blockers, CORE_BLOCKERS_SHOWN);

    if (op->state == OP_WAITING)
        walk_all(&walk, op_of(op)->n_named);
    tell(&walk, out);
}

uint32_t core_blockers(struct core *core, const struct op *op, struct blocker *list, uint32_t max,
                       bool *more)
{
    struct walk walk = walk_of(core, op, list, max);

    if (op->state == OP_WAITING)
        walk_all(&walk, op_of(op)->n_named);
    *more = walk.more || walk.count > walk.shown;
    return walk.shown;
}
