/*
 * Questions about single keys and operations: core_check, core_contended.
 */
#include "core/family.h"
#include "core/named.h"
#include "core/ring.h"

/* What an exclusive try on a key would meet, over the keys from the root down to it. */
struct meeting {
    const struct core *core;
    struct core_check *out;
    const struct core_op *holder, *child, *waiting; /* the first of each */
};

/* By grant. */
static void note_holder(struct meeting *meeting, const struct claim *claim)
{
    const struct core_op *op = op_at(&meeting->core->ops, claim->op);

    if (meeting->holder == NULL || op->op.token < meeting->holder->op.token)
        meeting->holder = op;
}

static void note_waiting(struct meeting *meeting, const struct claim *claim,
                         const struct core_op **first)
{
    const struct core_op *op = op_at(&meeting->core->ops, claim->op);

    if (*first == NULL || op->op.ticket < (*first)->op.ticket)
        *first = op;
}

static void count_children(struct meeting *meeting, struct key *key, enum mode mode)
{
    if ((key->children & mode_conflicts[mode]) == 0)
        return;
    RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
    {
        if ((mode_conflicts[mode] & MODE_BIT(claim->mode)) == 0)
            continue;
        meeting->out->waiting += (claim->marks & CLAIM_UNDER) == 0;
        note_waiting(meeting, claim, &meeting->child);
    }
}

static void count(struct meeting *meeting, struct key *key, enum mode mode)
{
    MODE_EACH((key->held | key->waiting) & mode_conflicts[mode], other)
    {
        const struct line *line = key_line(key, other);
        /* An operation with CLAIM_UNDER here was counted where it named a key above. */
        meeting->out->holders += line->n_holders - line->n_holders_under;
        meeting->out->waiting += line->n_waiting - line->n_waiting_under;
        if (line->holders != NULL)
            note_holder(meeting, line->holders);
        if (line->waiting != NULL)
            note_waiting(meeting, line->waiting, &meeting->waiting);
    }
    count_children(meeting, key, mode);
}

static void meet(struct meeting *meeting, const struct core_namespace *ns, struct slice path)
{
    const struct keys *keys = &meeting->core->keys;

    count(meeting, key_at(keys, ns->root), path.n == 0 ? MODE_X : MODE_IX);
    for (uint32_t end = 1; end <= path.n; end++) {
        struct slice above = {path.at, end};
        uint32_t number;
        if (end < path.n && path.at[end] != '/')
            continue;
        number = keys_find(keys, ns, above, namespace_hash(ns, above));
        if (number == 0)
            return; /* then nothing below it is claimed either */
        count(meeting, key_at(keys, number), end == path.n ? MODE_X : MODE_IX);
    }
}

void core_check(struct core *core, struct slice ns, struct slice path, struct core_check *out)
{
    const struct core_namespace *in = namespace_find(&core->namespaces, ns);
    struct meeting meeting = {.core = core, .out = out};
    const struct core_op *first;
    struct core_key key;

    *out = (struct core_check){.free = true};
    if (in == NULL)
        return;
    meet(&meeting, in, path);
    first = meeting.holder != NULL  ? meeting.holder
            : meeting.child != NULL ? meeting.child
                                    : meeting.waiting;
    if (first == NULL)
        return;
    key = named_conflict(core, first, path, MODE_X);
    out->free = false;
    out->held = key.path;
    out->mode = key.mode;
    out->op = &first->op;
    out->state = first->op.state;
}

/* A child that is below the holder does not wait for it. */
static bool child_waits(const struct core *core, struct key *key, const struct claim *held)
{
    const struct core_op *holder = op_at(&core->ops, held->op);

    if ((key->children & mode_conflicts[held->mode]) == 0)
        return false;
    RING_EACH(key_line(key, MODE_CHILDREN)->waiting, claim)
    {
        if ((mode_conflicts[held->mode] & MODE_BIT(claim->mode)) != 0 &&
            !family_has(op_at(&core->ops, claim->op), holder))
            return true;
    }
    return false;
}

bool core_contended(const struct core *core, const struct op *op)
{
    const struct core_op *of = op_of(op);

    if (op->state != OP_GRANTED || op->ns->n_waiting == 0)
        return false;
    for (uint32_t i = 0; i < of->n_claims; i++) {
        struct key *key = key_at(&core->keys, of->claims[i].key);
        if ((key->waiting & mode_conflicts[of->claims[i].mode]) != 0 ||
            child_waits(core, key, &of->claims[i]))
            return true;
    }
    return false;
}
