#include "core/queue.h"

#include <assert.h>

#include "core/turn.h"

#define AHEAD 8 /* claims whose keys are fetched into the cache ahead of their use */

static void append(struct claim **ring, struct claim *claim)
{
    struct claim *first = *ring;

    if (first == NULL) {
        *ring = claim->next = claim->prev = claim;
        return;
    }
    claim->next = first;
    claim->prev = first->prev;
    first->prev->next = claim;
    first->prev = claim;
}

static void take_out(struct claim **ring, struct claim *claim)
{
    if (claim->next == claim) {
        *ring = NULL;
        return;
    }
    claim->next->prev = claim->prev;
    claim->prev->next = claim->next;
    if (*ring == claim)
        *ring = claim->next;
}

static struct claim *after(const struct line *line, const struct claim *claim)
{
    return claim->next == line->waiting ? NULL : claim->next;
}

static bool is_under(const struct claim *claim)
{
    return (claim->marks & CLAIM_UNDER) != 0;
}

static inline void hold(struct core *core, struct key *key, struct claim *claim)
{
    struct line *line = key_open_line(&core->keys, key, claim->mode);

    append(&line->holders, claim);
    line->n_holders++;
    line->n_holders_under += is_under(claim);
    key->held |= MODE_BIT(claim->mode);
}

static void wait(struct core *core, struct key *key, struct claim *claim)
{
    struct line *line = key_open_line(&core->keys, key, claim->mode);

    append(&line->waiting, claim);
    line->n_waiting++;
    line->n_waiting_under += is_under(claim);
    key->waiting |= MODE_BIT(claim->mode);
    if (line->front == NULL && (claim->marks & CLAIM_BLOCKED) != 0)
        line->front = claim;
}

/* Returns whether the last holder in this mode went. */
static bool take_holder(struct key *key, struct claim *claim)
{
    struct line *line = key_line(key, claim->mode);

    take_out(&line->holders, claim);
    line->n_holders--;
    line->n_holders_under -= is_under(claim);
    if (line->holders != NULL)
        return false;
    key->held &= ~MODE_BIT(claim->mode);
    return true;
}

/* Returns whether it was the first of its line. */
static bool take_waiting(struct key *key, struct claim *claim)
{
    struct line *line = key_line(key, claim->mode);
    bool was_first = line->waiting == claim;

    if (line->front == claim)
        line->front = after(line, claim);
    take_out(&line->waiting, claim);
    line->n_waiting--;
    line->n_waiting_under -= is_under(claim);
    if (line->waiting == NULL)
        key->waiting &= ~MODE_BIT(claim->mode);
    return was_first;
}

static bool is_blocked(const struct core *core, struct key *key, const struct claim *claim)
{
    uint32_t conflicts = mode_conflicts[claim->mode];
    uint64_t ticket;

    if ((key->held & conflicts) != 0)
        return true;
    if ((key->waiting & conflicts) == 0)
        return false;
    ticket = op_at(&core->ops, claim->op)->op.ticket;
    MODE_EACH(key->waiting & conflicts, mode)
    {
        const struct claim *first = key_line(key, mode)->waiting;
        if (op_at(&core->ops, first->op)->op.ticket < ticket)
            return true;
    }
    return false;
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
        while (line->front != NULL && !is_blocked(core, key, line->front)) {
            struct claim *claim = line->front;
            line->front = after(line, claim);
            unblock(core, claim);
        }
        if (line->front != NULL)
            op_fetch(op_at(&core->ops, line->front->op)); /* it is the next one */
    }
}

uint32_t queue_mark_blocked(const struct core *core, struct claim *claims, uint32_t n,
                            bool waiting_count)
{
    uint32_t n_blocked = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct key *key = key_at(&core->keys, claims[i].key);
        uint32_t before = waiting_count ? key->held | key->waiting : key->held;
        if ((before & mode_conflicts[claims[i].mode]) == 0)
            continue;
        claims[i].marks |= CLAIM_BLOCKED;
        n_blocked++;
    }
    return n_blocked;
}

void queue_wait(struct core *core, struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++)
        wait(core, key_at(&core->keys, op->claims[i].key), &op->claims[i]);
}

void queue_hold(struct core *core, struct core_op *op)
{
    assert(op->n_blocked == 0);
    for (uint32_t i = 0; i < op->n_claims; i++)
        hold(core, key_at(&core->keys, op->claims[i].key), &op->claims[i]);
}

void queue_hold_last(struct core *core, struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++) {
        struct key *key = key_at(&core->keys, op->claims[i].key);
        take_holder(key, &op->claims[i]);
        hold(core, key, &op->claims[i]);
    }
}

/* No front moves: whoever was behind the waiting claim is behind the holder now. */
void queue_grant(struct core *core, struct core_op *op)
{
    assert(op->n_blocked == 0);
    for (uint32_t i = 0; i < op->n_claims; i++) {
        struct key *key = key_at(&core->keys, op->claims[i].key);
        take_waiting(key, &op->claims[i]);
        hold(core, key, &op->claims[i]);
    }
}

static void leave(struct core *core, struct claim *claim, enum op_state state)
{
    struct key *key = key_at(&core->keys, claim->key);
    bool may_free = state == OP_GRANTED ? take_holder(key, claim) : take_waiting(key, claim);

    if (may_free)
        advance(core, key, claim->mode);
    if (key->n > 0 && !key_is_claimed(key))
        keys_remove(&core->keys, claim->key);
}

void queue_leave(struct core *core, struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_claims; i++) {
        if (i + AHEAD < op->n_claims)
            __builtin_prefetch(key_at(&core->keys, op->claims[i + AHEAD].key));
        leave(core, &op->claims[i], op->op.state);
    }
}
