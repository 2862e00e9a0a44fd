#include "core/exchange.h"

#include <stdlib.h>

#include "base/memory.h"
#include "core/ahead.h"
#include "core/blocked.h"
#include "core/contended.h"
#include "core/draft.h"
#include "core/named.h"
#include "core/own.h"
#include "core/queue.h"
#include "core/step.h"

/* The drafted claims, none of which is blocked, take the place of those that it has. */
static void exchange(struct core *core, struct core_op *op)
{
    struct claim *claims = op->claims;
    uint32_t n = op->n_claims;
    size_t bytes = op->load_bytes;

    draft_keep(core, op, op->op.meta, op->op.payload);
    queue_exchange(core, op, claims, n);
    slab_free(&core->slab, claims, bytes);
    core->n_claims = core->n_claims - n + op->n_claims;
    effect_add_change(core, EFFECT_CHANGED, op);
}

/* --- less ----------------------------------------------------------------------------------- */

static void unmark(struct core_op *op)
{
    for (uint32_t i = 0; i < op->n_named; i++)
        op->claims[i].marks &= (uint8_t)~CLAIM_GIVEN;
}

uint32_t exchange_mark_given(struct core *core, struct core_op *op, const struct core_key *keys,
                             uint32_t n)
{
    uint32_t n_given = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t place = named_place(core, op, keys[i].path);
        if (place == op->n_named || !slice_equal(named_path(core, op, place), keys[i].path))
            continue;
        op->claims[place].marks |= CLAIM_GIVEN;
        n_given++;
    }
    if (n_given == op->n_named)
        unmark(op);
    return n_given;
}

void exchange_give_back(struct core *core, struct core_op *op, bool notes)
{
    struct core_key *keys = memory_alloc(op->n_named * sizeof *keys);
    uint32_t n = 0;

    if (notes)
        revisions_note(core, op, core->seq + 1, true);
    for (uint32_t i = 0; i < op->n_named; i++)
        if ((op->claims[i].marks & CLAIM_GIVEN) == 0)
            keys[n++] = (struct core_key){named_path(core, op, i), op->claims[i].named};
    draft_claims(core, op->op.ns, keys, n);
    free(keys);
    exchange(core, op);
}

/* --- more ----------------------------------------------------------------------------------- */

/* What it has, and what it wants. Paths point into the core and the event. The caller frees. */
static struct core_key *unite(const struct core *core, const struct core_op *op,
                              const struct event *event, uint32_t *n)
{
    struct core_key *keys = memory_alloc((op->n_named + event->n_keys) * sizeof *keys);

    *n = core_op_keys(core, &op->op, 0, keys, op->n_named);
    memcpy(keys + *n, event->keys, event->n_keys * sizeof *keys);
    *n = core_normalise(keys, *n + event->n_keys);
    return keys;
}

static bool has_all(const struct core *core, const struct core_op *op, const struct core_key *keys,
                    uint32_t n)
{
    if (n != op->n_named)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (keys[i].mode != op->claims[i].named ||
            !slice_equal(keys[i].path, named_path(core, op, i)))
            return false;
    return true;
}

static bool are_too_many(const struct core *core, const struct core_key *keys, uint32_t n,
                         struct outcome *out)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < n; i++)
        bytes += keys[i].path.n;
    return step_is_over(out, "keys", core->limits.keys, n) ||
           step_is_over(out, "key_text", core->limits.key_text, bytes);
}

static bool mark(const struct core *core, struct claim *claim, enum mode mode,
                 struct newcomer newcomer)
{
    if (!blocked_in(core, claim->key, mode, newcomer))
        return false;
    claim->marks |= CLAIM_BLOCKED;
    return true;
}

/* A key that it wants, and those above on its behalf. */
static bool mark_named(const struct core *core, struct claim *claims, uint32_t i,
                       struct newcomer newcomer)
{
    enum mode above = mode_above(claims[i].named);
    bool is_blocked = mark(core, &claims[i], claims[i].named, newcomer);

    while (claims[i].parent != i) {
        i = claims[i].parent;
        is_blocked = mark(core, &claims[i], above, newcomer) || is_blocked;
    }
    return is_blocked;
}

/* The places of its named keys, as the drafted ones can look them up; or none any more. */
static void note_places(struct core *core, const struct core_op *op, bool are_there)
{
    for (uint32_t i = 0; i < op->n_named; i++)
        key_at(&core->keys, op->claims[i].key)->draft = are_there ? i + 1 : 0;
}

static bool has_named(const struct core *core, const struct core_op *op,
                      const struct claim *drafted)
{
    uint32_t place = key_at(&core->keys, drafted->key)->draft;
    return place != 0 && op->claims[place - 1].named == drafted->named;
}

/* Only what it has not named already can be kept from it: its children stand beside the rest,
 * which is marked with CLAIM_HAD when something is. Returns whether something is. */
static bool mark_wanted(struct core *core, const struct core_op *op, struct newcomer newcomer)
{
    struct draft *draft = &core->draft;
    bool is_blocked = false;

    note_places(core, op, true);
    for (uint32_t i = 0; i < draft->n_named; i++)
        if (!has_named(core, op, &draft->claims[i]))
            is_blocked = mark_named(core, draft->claims, i, newcomer) || is_blocked;
    for (uint32_t i = 0; is_blocked && i < draft->n_named; i++)
        if (has_named(core, op, &draft->claims[i]))
            draft->claims[i].marks |= CLAIM_HAD;
    note_places(core, op, false);
    return is_blocked;
}

/* Draws them up and takes them, unless somebody holds, or a child waits. */
static void take(struct core *core, struct core_op *op, const struct core_key *keys, uint32_t n,
                 struct outcome *out)
{
    const struct newcomer newcomer = {op, false};
    struct draft *draft = &core->draft;

    draft_claims(core, op->op.ns, keys, n);
    out->refused = mark_wanted(core, op, newcomer);
    if (out->refused) {
        ahead_of_draft(core, newcomer, &out->ahead);
    }
    if (out->refused || step_is_over(out, "live_claims", core->limits.live_claims,
                                     core->n_claims - op->n_claims + draft->n_claims))
        draft_drop(core);
    else {
        exchange(core, op);
        contended_more(core, op);
    }
}

void step_extend(struct core *core, const struct event *event, struct outcome *out)
{
    struct core_op *op = own_find(core, event, out);
    struct core_key *keys;
    uint32_t n;

    if (op == NULL || (out->status = own_may(&op->op, event->session, event->token)) != LOCKQ_OK)
        return;
    if (op->op.state != OP_GRANTED) {
        out->status = LOCKQ_NOT_GRANTED;
        return;
    }
    keys = unite(core, op, event, &n);
    if (has_all(core, op, keys, n))
        out->repeated = true;
    else if (!are_too_many(core, keys, n, out))
        take(core, op, keys, n, out);
    free(keys);
}
