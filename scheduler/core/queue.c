#include "core/queue.h"

#include <assert.h>

#include "core/blocked.h"
#include "core/turn.h"

#define AHEAD 8 /* claims whose keys are fetched into the cache ahead of their use */

static struct claim *after(const struct line *line, const struct claim *claim)
{
    return claim->next == line->waiting ? NULL : claim->next;
}

static bool is_under(const struct claim *claim)
{
    return (claim->marks & CLAIM_UNDER) != 0;
}

static bool is_blocked(const struct claim *claim)
{
    return (claim->marks & CLAIM_BLOCKED) != 0;
}

static struct core_op *op_of_claim(const struct core *core, const struct claim *claim)
{
    return op_at(&core->ops, claim->op);
}

static void count_holder(struct key *key, struct line *line, const struct claim *claim)
{
    line->n_holders++;
    line->n_holders_under += is_under(claim);
    key->held |= MODE_BIT(claim->mode);
}

static inline void hold(struct core *core, struct key *key, struct claim *claim)
{
    struct line *line = key_open_line(&core->keys, key, claim->mode);

    ring_append(&line->holders, claim);
    count_holder(key, line, claim);
}

/* By token: it may have an old one. */
static void hold_in_order(struct core *core, struct key *key, struct claim *claim)
{
    struct line *line = key_open_line(&core->keys, key, claim->mode);
    uint64_t token = op_of_claim(core, claim)->op.token;
    struct claim *next = line->holders; /* the one to stand before; the first: behind the last */

    count_holder(key, line, claim);
    if (next == NULL || op_of_claim(core, next)->op.token > token) {
        ring_append(&line->holders, claim); /* in a ring that is before the first, too */
        line->holders = claim;
        return;
    }
    while (op_of_claim(core, next->prev)->op.token > token)
        next = next->prev;
    ring_insert(next, claim);
}

/* Where a waiting claim stands. */
static inline enum mode line_of(const struct core_op *op, const struct claim *claim)
{
    return op->op.parent != NULL ? MODE_CHILDREN : claim->mode;
}

static void count_child(struct key *key, const struct claim *claim)
{
    key->wide->n_children[claim->mode]++;
    key->wide->n_children_blocked += is_blocked(claim);
    key->children |= MODE_BIT(claim->mode);
}

static void discount_child(struct key *key, const struct claim *claim)
{
    key->wide->n_children_blocked -= is_blocked(claim);
    if (--key->wide->n_children[claim->mode] == 0)
        key->children &= ~MODE_BIT(claim->mode);
}

static void wait(struct core *core, struct key *key, struct claim *claim, enum mode mode)
{
    struct line *line = key_open_line(&core->keys, key, mode);

    ring_append(&line->waiting, claim);
    line->n_waiting++;
    line->n_waiting_under += is_under(claim);
    key->waiting |= MODE_BIT(mode);
    if (mode == MODE_CHILDREN)
        count_child(key, claim);
    else if (line->front == NULL && is_blocked(claim))
        line->front = claim;
}

/* Returns whether the last holder in this mode went. */
static bool take_holder(struct key *key, struct claim *claim)
{
    struct line *line = key_line(key, claim->mode);

    ring_remove(&line->holders, claim);
    line->n_holders--;
    line->n_holders_under -= is_under(claim);
    if (line->holders != NULL)
        return false;
    key->held &= ~MODE_BIT(claim->mode);
    return true;
}

/* Returns whether others may come free by that: it was the first of its line, or the last child
 * that wanted this mode. */
static bool take_waiting(struct key *key, struct claim *claim, enum mode mode)
{
    struct line *line = key_line(key, mode);
    bool was_first = line->waiting == claim;

    if (line->front == claim)
        line->front = after(line, claim);
    ring_remove(&line->waiting, claim);
    line->n_waiting--;
    line->n_waiting_under -= is_under(claim);
    if (line->waiting == NULL)
        key->waiting &= ~MODE_BIT(mode);
    if (mode != MODE_CHILDREN)
        return was_first;
    discount_child(key, claim);
    return (key->children & MODE_BIT(claim->mode)) == 0;
}

static void unblock(struct core *core, struct claim *claim)
{
    struct core_op *op = op_at(&core->ops, claim->op);

    claim->marks &= (uint8_t)~CLAIM_BLOCKED;
    assert(op->n_blocked > 0);
    if (--op->n_blocked == 0)
        turn_note_ready(core, op);
}

/* A claim in `mode` left, the first of its line or the last holder: those that conflict with it may
 * come free. */
static void advance(struct core *core, struct key *key, enum mode mode)
{
    MODE_EACH(key->waiting & mode_conflicts[mode], other)
    {
        struct line *line = key_line(key, other);
        while (line->front != NULL && !blocked_is(core, key, line->front)) {
            struct claim *claim = line->front;
            line->front = after(line, claim);
            unblock(core, claim);
        }
        if (line->front != NULL)
            op_fetch(op_at(&core->ops, line->front->op)); /* it is the next one */
    }
}

/* A holder or a waiting child left: children that it kept back may come free. Whoever stands behind
 * one that waits for the key exclusively does not. */
static void free_children(struct core *core, struct key *key)
{
    uint32_t earlier = 0;

    if (key->children == 0 || key->wide->n_children_blocked == 0)
        return;
    RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
    {
        if (is_blocked(claim) && !blocked_child_is(core, key, claim, earlier)) {
            key->wide->n_children_blocked--;
            unblock(core, claim);
        }
        earlier |= MODE_BIT(claim->mode);
        if (claim->mode == MODE_X)
            return;
    }
}

/* A claim in `mode` stands before all ordinary ones that wait: those that were free and conflict
 * are blocked again. */
static void block_waiting(struct core *core, struct key *key, enum mode mode)
{
    MODE_EACH(key->waiting & mode_conflicts[mode], other)
    {
        struct line *line = key_line(key, other);
        struct claim *claim = line->waiting;
        if (claim == line->front)
            continue;
        do {
            claim->marks |= CLAIM_BLOCKED;
            op_of_claim(core, claim)->n_blocked++;
            claim = claim->next;
        } while (claim != line->waiting && claim != line->front);
        line->front = line->waiting;
    }
}

void queue_wait(struct core *core, struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++)
        wait(core, key_at(&core->keys, op->claims[i].key), &op->claims[i],
             line_of(op, &op->claims[i]));
}

void queue_hold(struct core *core, struct core_op *op)
{
    assert(op->n_blocked == 0);
    for (uint32_t i = 0; i < op->n_claims; i++)
        hold(core, key_at(&core->keys, op->claims[i].key), &op->claims[i]);
}

void queue_block_others(struct core *core, const struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++)
        block_waiting(core, key_at(&core->keys, op->claims[i].key), op->claims[i].mode);
}

void queue_hold_last(struct core *core, struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++) {
        struct key *key = key_at(&core->keys, op->claims[i].key);
        take_holder(key, &op->claims[i]);
        hold(core, key, &op->claims[i]);
    }
}

/* No front moves: whoever was behind the waiting claim is behind the holder now. Nor does a child
 * come free: it may only pass a holder above it, and who waits has no children. */
void queue_grant(struct core *core, struct core_op *op)
{
    assert(op->n_blocked == 0);
    for (uint32_t i = 0; i < op->n_claims; i++) {
        struct key *key = key_at(&core->keys, op->claims[i].key);
        take_waiting(key, &op->claims[i], line_of(op, &op->claims[i]));
        hold(core, key, &op->claims[i]);
    }
}

static void leave(struct core *core, const struct core_op *op, struct claim *claim)
{
    struct key *key = key_at(&core->keys, claim->key);
    bool may_free = op->op.state == OP_GRANTED ? take_holder(key, claim)
                                               : take_waiting(key, claim, line_of(op, claim));

    if (may_free)
        advance(core, key, claim->mode);
    free_children(core, key);
    if (key->n > 0 && !key_is_claimed(key))
        keys_remove(&core->keys, claim->key);
}

void queue_leave(struct core *core, struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++) {
        if (i + AHEAD < op->n_claims)
            __builtin_prefetch(key_at(&core->keys, op->claims[i + AHEAD].key));
        leave(core, op, &op->claims[i]);
    }
}

/* --- exchange ------------------------------------------------------------------------------- */

/* A holder's mode on a key is another one now; before MODE_NONE: it had none there. */
static void on_mode_changed(struct core *core, struct key *key, enum mode before, enum mode now)
{
    if (before != MODE_NONE) {
        if ((key->held & MODE_BIT(before)) == 0)
            advance(core, key, before);
        free_children(core, key);
    }
    block_waiting(core, key, now);
}

static void exchange_one(struct core *core, struct claim *before, struct claim *claim)
{
    struct key *key = key_at(&core->keys, claim->key);
    enum mode mode = MODE_NONE;

    if (before != NULL) {
        mode = before->mode;
        take_holder(key, before);
    }
    hold_in_order(core, key, claim);
    if (mode != claim->mode)
        on_mode_changed(core, key, mode, claim->mode);
}

void queue_exchange(struct core *core, struct core_op *op, struct claim *claims, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        key_at(&core->keys, claims[i].key)->draft = i + 1;
    for (uint32_t i = 0; i < op->n_claims; i++) {
        struct key *key = key_at(&core->keys, op->claims[i].key);
        exchange_one(core, key->draft == 0 ? NULL : &claims[key->draft - 1], &op->claims[i]);
        key->draft = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct key *key = key_at(&core->keys, claims[i].key);
        if (key->draft == 0)
            continue; /* it went on */
        key->draft = 0;
        leave(core, op, &claims[i]);
    }
}
