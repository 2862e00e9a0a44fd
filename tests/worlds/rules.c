#include "rules.h"

#include <assert.h>
#include <string.h>

/* --- keys ------------------------------------------------------------------------------------ */

static uint8_t overlapping(const struct tree *tree, uint8_t keys)
{
    uint8_t all = 0;

    for (int k = 0; k < tree->n_keys; k++)
        if (keys & 1 << k)
            all |= tree->overlaps[k];
    return all;
}

bool rules_conflict(const struct tree *tree, struct keys a, struct keys b)
{
    return (overlapping(tree, a.exclusive) & (b.exclusive | b.shared)) != 0 ||
           (overlapping(tree, a.shared) & b.exclusive) != 0;
}

struct keys rules_normal(const struct tree *tree, struct keys keys)
{
    struct keys normal = {0, 0};

    keys.shared &= (uint8_t)~keys.exclusive;
    for (int k = 0; k < tree->n_keys; k++) {
        uint8_t bit = (uint8_t)(1 << k), above = tree->above[k];
        if ((keys.exclusive & bit) && !(keys.exclusive & above))
            normal.exclusive |= bit;
        if ((keys.shared & bit) && !((keys.exclusive | keys.shared) & above))
            normal.shared |= bit;
    }
    return normal;
}

/* --- families -------------------------------------------------------------------------------- */

struct rule_op *rules_find(struct rules *rules, uint8_t number)
{
    for (int i = 0; i < rules->n_ops; i++)
        if (rules->ops[i].number == number)
            return &rules->ops[i];
    return NULL;
}

static const struct rule_op *parent_of(const struct rules *rules, const struct rule_op *op)
{
    for (int i = 0; i < rules->n_ops; i++)
        if (op->parent != 0 && rules->ops[i].number == op->parent)
            return &rules->ops[i];
    return NULL;
}

static bool is_above(const struct rules *rules, const struct rule_op *op, const struct rule_op *of)
{
    while ((of = parent_of(rules, of)) != NULL)
        if (of == op)
            return true;
    return false;
}

static bool has_children(const struct rules *rules, const struct rule_op *op)
{
    for (int i = 0; i < rules->n_ops; i++)
        if (rules->ops[i].parent == op->number)
            return true;
    return false;
}

/* --- rules 1 and 2: who stands before whom --------------------------------------------------- */

/* On every key: held claims, then waiting children, then other waiting ones, both by ticket. */
static bool stands_before(const struct rule_op *by, const struct rule_op *op)
{
    if (by->is_granted)
        return true;
    if ((by->parent != 0) != (op->parent != 0))
        return by->parent != 0;
    return by < op; /* the array is in the order of tickets */
}

bool rules_blocks(const struct tree *tree, const struct rules *rules, const struct rule_op *by,
                  const struct rule_op *op)
{
    return by != op && stands_before(by, op) && rules_conflict(tree, by->keys, op->keys) &&
           !is_above(rules, by, op);
}

static bool is_blocked(const struct tree *tree, const struct rules *rules, const struct rule_op *op)
{
    for (int i = 0; i < rules->n_ops; i++)
        if (rules_blocks(tree, rules, &rules->ops[i], op))
            return true;
    return false;
}

/* One that passes minds neither ordinary ones that wait. */
static bool is_kept_back(const struct tree *tree, const struct rules *rules,
                         const struct rule_op *op)
{
    for (int i = 0; i < rules->n_ops; i++) {
        const struct rule_op *by = &rules->ops[i];
        if ((by->is_granted || by->parent != 0) && rules_blocks(tree, rules, by, op))
            return true;
    }
    return false;
}

/* Whether `from` waits for `to`, at however many removes: one that waits, for who blocks it; one
 * that is granted, for its children, whose end it needs for its own. */
static bool waits_for(const struct tree *tree, const struct rules *rules,
                      const struct rule_op *from, const struct rule_op *to, uint32_t seen)
{
    uint32_t me = 1U << (from - rules->ops);

    if (seen & me)
        return false;
    for (int i = 0; i < rules->n_ops; i++) {
        const struct rule_op *next = &rules->ops[i];
        bool is_next =
            from->is_granted ? next->parent == from->number : rules_blocks(tree, rules, next, from);
        if (is_next && (next == to || waits_for(tree, rules, next, to, seen | me)))
            return true;
    }
    return false;
}

/* --- steps ----------------------------------------------------------------------------------- */

bool rules_has_deadline(const struct rule_op *op)
{
    return op->how == HOW_TIMED;
}

static void tell(struct told *told, enum effect_type type, const struct rule_op *op,
                 enum op_end end)
{
    assert(told->n_effects < sizeof told->effects / sizeof *told->effects);
    told->effects[told->n_effects].type = type;
    told->effects[told->n_effects].op = op->number;
    told->effects[told->n_effects++].end = end;
}

static void grant(struct rules *rules, struct rule_op *op, struct told *told)
{
    op->is_granted = true;
    op->since_ms = rules->now_ms;
    tell(told, EFFECT_GRANTED, op, END_NONE);
}

/* With those under it, the youngest first. */
static void end(struct rules *rules, uint8_t number, enum op_end how, struct told *told)
{
    struct rule_op *op;

    for (int i = rules->n_ops; i-- > 0;)
        if (i < rules->n_ops && rules->ops[i].parent == number)
            end(rules, rules->ops[i].number, how, told);
    op = rules_find(rules, number);
    if (op->is_granted)
        rules->changed |= op->keys.exclusive;
    tell(told, EFFECT_ENDED, op, how);
    rules->n_ops--;
    memmove(op, op + 1, (size_t)(rules->ops + rules->n_ops - op) * sizeof *op);
}

static bool is_stale(const struct tree *tree, const struct rules *rules, const struct rule_op *op)
{
    uint8_t concerned = overlapping(tree, op->keys.exclusive | op->keys.shared);

    return op->how == HOW_ASKING && (rules->has_forgotten || (concerned & rules->changed) != 0);
}

static struct rule_op *first_free(const struct tree *tree, struct rules *rules, bool if_stale)
{
    for (int i = 0; i < rules->n_ops; i++) {
        struct rule_op *op = &rules->ops[i];
        if (!op->is_granted && !is_blocked(tree, rules, op) &&
            (!if_stale || is_stale(tree, rules, op)))
            return op;
    }
    return NULL;
}

/* Rule 4: what has become grantable is granted in the same step, in the order of tickets. What is
 * stale by then ends before anything is granted. */
static void grant_free(const struct tree *tree, struct rules *rules, struct told *told)
{
    struct rule_op *op;

    while ((op = first_free(tree, rules, true)) != NULL)
        end(rules, op->number, END_STALE, told);
    while ((op = first_free(tree, rules, false)) != NULL)
        grant(rules, op, told);
}

static void submit(const struct tree *tree, struct rules *rules, const struct step *step,
                   struct told *told)
{
    struct rule_op *op = &rules->ops[rules->n_ops++];
    bool is_free;

    assert(rules->n_ops <= OPS_MAX);
    *op = (struct rule_op){.number = ++rules->n_submits,
                           .client = step->client,
                           .parent = step->op,
                           .how = step->how,
                           .keys = rules_normal(tree, step->keys),
                           .since_ms = rules->now_ms};
    is_free =
        step->how == HOW_PASSING ? !is_kept_back(tree, rules, op) : !is_blocked(tree, rules, op);
    if (is_stale(tree, rules, op))
        told->left_out = END_STALE;
    else if (!is_free && step->how >= HOW_NOW)
        told->left_out = END_REFUSED;
    else if (!is_free && op->parent != 0 && waits_for(tree, rules, op, op, 0))
        told->left_out = END_DEADLOCK;
    if (told->left_out != END_NONE) {
        rules->n_ops--;
        return;
    }
    tell(told, EFFECT_SUBMITTED, op, END_NONE);
    if (is_free)
        grant(rules, op, told);
}

static void give(struct rules *rules, struct rule_op *op, struct keys keys, struct told *told)
{
    rules->changed |= op->keys.exclusive & keys.exclusive;
    op->keys.exclusive &= (uint8_t) ~(keys.exclusive | keys.shared);
    op->keys.shared &= (uint8_t) ~(keys.exclusive | keys.shared);
    tell(told, EFFECT_CHANGED, op, END_NONE);
}

/* Never waits: kept back by who holds and is not above it, and by children that wait. */
static void extend(const struct tree *tree, struct rules *rules, struct rule_op *op,
                   struct keys wanted, struct told *told)
{
    struct keys all = {op->keys.exclusive | wanted.exclusive, op->keys.shared | wanted.shared};
    struct keys more = all = rules_normal(tree, all);

    more.exclusive &= (uint8_t)~op->keys.exclusive;
    more.shared &= (uint8_t)~op->keys.shared;
    for (int i = 0; i < rules->n_ops; i++) {
        const struct rule_op *by = &rules->ops[i];
        if (by != op && (by->is_granted || by->parent != 0) && !is_above(rules, by, op) &&
            rules_conflict(tree, by->keys, more))
            told->refused = true;
    }
    if (told->refused)
        return;
    op->keys = all;
    tell(told, EFFECT_CHANGED, op, END_NONE);
}

static void leave(struct rules *rules, uint8_t client, struct told *told)
{
    for (int i = 0; i < rules->n_ops;) {
        const struct rule_op *op = &rules->ops[i];
        bool is_lost = op->client == client && op->how != HOW_TIMED;
        if (is_lost)
            end(rules, op->number, END_LOST, told);
        i = is_lost ? 0 : i + 1;
    }
}

static struct rule_op *first_due(struct rules *rules, uint32_t until_ms)
{
    struct rule_op *first = NULL;

    for (int i = 0; i < rules->n_ops; i++) {
        struct rule_op *op = &rules->ops[i];
        if (rules_has_deadline(op) && op->since_ms + PATIENCE_MS <= until_ms &&
            (first == NULL || op->since_ms < first->since_ms))
            first = op;
    }
    return first;
}

/* By deadline, then by ticket, and all of them before anything is granted. Some may be over due:
 * other steps came before somebody looked. */
static void expire(struct rules *rules, struct told *told)
{
    struct rule_op *op = first_due(rules, UINT32_MAX);
    uint32_t due_ms = op->since_ms + PATIENCE_MS;

    if (rules->now_ms < due_ms)
        rules->now_ms = due_ms;
    while ((op = first_due(rules, rules->now_ms)) != NULL)
        end(rules, op->number, op->is_granted ? END_EXPIRED : END_TIMEOUT, told);
}

/* Rule 8: durations start afresh. Changes are kept in memory only. */
static void crash(struct rules *rules)
{
    rules->crashes_left--;
    rules->has_forgotten = true;
    for (int i = 0; i < rules->n_ops; i++)
        rules->ops[i].since_ms = rules->now_ms;
}

void rules_step(const struct tree *tree, struct rules *rules, const struct step *step,
                struct told *told)
{
    struct rule_op *op = step->kind == STEP_SUBMIT ? NULL : rules_find(rules, step->op);

    *told = (struct told){.status = LOCKQ_OK};
    rules->now_ms++;
    if (step->kind < STEP_EXPIRE)
        rules->steps_left[step->client]--;
    switch ((enum step_kind)step->kind) {
    case STEP_SUBMIT:
        submit(tree, rules, step, told);
        break;
    case STEP_RELEASE:
        if (has_children(rules, op))
            told->status = LOCKQ_CHILDREN_ACTIVE;
        else
            end(rules, op->number, END_RELEASED, told);
        break;
    case STEP_GIVE:
        give(rules, op, step->keys, told);
        break;
    case STEP_EXTEND:
        extend(tree, rules, op, step->keys, told);
        break;
    case STEP_RENEW:
        op->since_ms = rules->now_ms;
        tell(told, EFFECT_CHANGED, op, END_NONE);
        break;
    case STEP_CANCEL:
        end(rules, op->number, END_CANCELLED, told);
        break;
    case STEP_LEAVE:
        leave(rules, step->client, told);
        break;
    case STEP_EXPIRE:
        expire(rules, told);
        break;
    case STEP_CRASH:
        crash(rules);
        break;
    }
    grant_free(tree, rules, told);
}
