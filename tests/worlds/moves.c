#include "moves.h"

#include <assert.h>
#include <string.h>

#include "base/siphash.h"

#define CHILDREN_MAX 2
#define BYTES_MAX    (4 + CLIENTS_MAX + OPS_MAX * 7)

/* --- what may be named ----------------------------------------------------------------------- */

static uint32_t count(struct keys keys)
{
    return (uint32_t)__builtin_popcount((uint32_t)keys.exclusive | keys.shared);
}

static void find_sets(struct moves *moves)
{
    const struct tree *tree = moves->world->tree;
    uint32_t most = moves->world->parts & PART_ONE_KEY ? 1 : KEYS_MAX;

    for (uint8_t x = 0; x < 1 << tree->n_keys; x++)
        for (uint8_t s = 0; s < 1 << tree->n_keys; s++) {
            struct keys keys = {x, s}, normal = rules_normal(tree, keys);
            bool is_normal = normal.exclusive == x && normal.shared == s;
            if (is_normal && count(keys) > 0 && count(keys) <= most)
                moves->sets[moves->n_sets++] = keys;
        }
}

/* All orders of the last n of `all`, the others in their places. */
static uint32_t permute(uint8_t orders[PERMUTATIONS][3], uint8_t all, uint8_t n)
{
    static const uint8_t of_three[PERMUTATIONS][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                                      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint32_t n_orders = 0;

    for (int i = 0; i < PERMUTATIONS; i++) {
        bool fits = true;
        for (uint8_t k = 0; k < 3; k++)
            fits = fits && ((k < all && k >= all - n) || of_three[i][k] == k);
        if (fits)
            memcpy(orders[n_orders++], of_three[i], 3);
    }
    return n_orders;
}

void moves_init(struct moves *moves, const struct world *world)
{
    *moves = (struct moves){.world = world};
    find_sets(moves);
    moves->n_client_orders = permute(moves->client_orders, world->clients, world->clients);
    moves->n_key_orders = permute(moves->key_orders, world->tree->n_keys, world->n_same);
}

/* --- what may happen ------------------------------------------------------------------------- */

struct list_of_moves {
    struct step *next;
    uint32_t n;
};

static void add(struct list_of_moves *list, struct step step)
{
    assert(list->n < MOVES_MAX);
    list->next[list->n++] = step;
}

static void add_submits(const struct moves *moves, struct list_of_moves *list, uint8_t client,
                        uint8_t parent, enum how how)
{
    for (uint32_t i = 0; i < moves->n_sets; i++)
        add(list, (struct step){STEP_SUBMIT, client, parent, (uint8_t)how, moves->sets[i]});
}

static void add_all_submits(const struct moves *moves, struct list_of_moves *list, uint8_t client,
                            uint8_t parent)
{
    uint32_t parts = moves->world->parts;

    add_submits(moves, list, client, parent, HOW_TIED);
    if (parts & PART_ASKING)
        add_submits(moves, list, client, parent, HOW_ASKING);
    if (parts & PART_TIMED)
        add_submits(moves, list, client, parent, HOW_TIMED);
    if (parts & PART_NOW)
        add_submits(moves, list, client, parent, HOW_NOW);
    if ((parts & PART_PASSING) && parent == 0)
        add_submits(moves, list, client, parent, HOW_PASSING);
}

static uint32_t children_of(const struct rules *rules, uint8_t number)
{
    uint32_t n = 0;

    for (int i = 0; i < rules->n_ops; i++)
        n += rules->ops[i].parent == number;
    return n;
}

/* Each key back that is not the last, and each key that would add something. */
static void add_exchanges(const struct moves *moves, struct list_of_moves *list,
                          const struct rule_op *op)
{
    const struct tree *tree = moves->world->tree;
    struct step step = {.client = op->client, .op = op->number};

    for (int k = 0; k < tree->n_keys; k++) {
        uint8_t bit = (uint8_t)(1 << k), whole = (uint8_t)(bit | tree->above[k]);
        struct keys one = {op->keys.exclusive & bit, op->keys.shared & bit};
        step.kind = STEP_GIVE;
        step.keys = one;
        if (count(one) > 0 && count(op->keys) > 1)
            add(list, step);
        step.kind = STEP_EXTEND;
        step.keys = (struct keys){bit, 0};
        if (!(op->keys.exclusive & whole))
            add(list, step);
        step.keys = (struct keys){0, bit};
        if (!((op->keys.exclusive | op->keys.shared) & whole))
            add(list, step);
    }
}

static void add_own(const struct moves *moves, const struct rules *rules,
                    struct list_of_moves *list, const struct rule_op *op)
{
    uint32_t parts = moves->world->parts;
    struct step step = {.client = op->client, .op = op->number};

    step.kind = op->is_granted ? STEP_RELEASE : STEP_CANCEL;
    add(list, step);
    if (!op->is_granted)
        return;
    step.kind = STEP_RENEW;
    if (op->how == HOW_TIMED)
        add(list, step);
    if (parts & PART_MORE)
        add_exchanges(moves, list, op);
    if ((parts & PART_CHILDREN) && children_of(rules, op->number) < CHILDREN_MAX)
        add_all_submits(moves, list, op->client, op->number);
}

static void add_of_client(const struct moves *moves, const struct rules *rules,
                          struct list_of_moves *list, uint8_t client)
{
    bool has_ordinary = false, has_tied = false;

    for (int i = 0; i < rules->n_ops; i++) {
        const struct rule_op *op = &rules->ops[i];
        if (op->client != client)
            continue;
        has_ordinary = has_ordinary || op->parent == 0;
        has_tied = has_tied || op->how != HOW_TIMED;
        add_own(moves, rules, list, op);
    }
    if (!has_ordinary)
        add_all_submits(moves, list, client, 0);
    if ((moves->world->parts & PART_LEAVE) && has_tied)
        add(list, (struct step){.kind = STEP_LEAVE, .client = client});
}

uint32_t moves_next(const struct moves *moves, const struct rules *rules, struct step *next)
{
    struct list_of_moves list = {next, 0};
    bool has_deadline = false;

    for (int i = 0; i < rules->n_ops; i++)
        has_deadline = has_deadline || rules_has_deadline(&rules->ops[i]);
    for (uint8_t client = 0; client < moves->world->clients; client++)
        if (rules->steps_left[client] > 0)
            add_of_client(moves, rules, &list, client);
    if (has_deadline)
        add(&list, (struct step){.kind = STEP_EXPIRE});
    if (rules->crashes_left > 0 && rules->n_ops > 0)
        add(&list, (struct step){.kind = STEP_CRASH});
    return list.n;
}

/* --- when two are the same ------------------------------------------------------------------- */

static uint8_t renamed(uint8_t keys, const uint8_t *order)
{
    uint8_t bits = 0;

    for (int k = 0; k < KEYS_MAX; k++)
        if (keys & 1 << k)
            bits |= (uint8_t)(1 << order[k]);
    return bits;
}

/* Of times only their order counts, of numbers only whose they are. */
static void put_op(const struct rules *rules, const struct rule_op *op, const uint8_t *clients,
                   const uint8_t *keys, uint8_t *out)
{
    uint8_t age = 0, parent = 0;

    for (int i = 0; i < rules->n_ops; i++) {
        const struct rule_op *other = &rules->ops[i];
        age += rules_has_deadline(other) && other->since_ms < op->since_ms;
        if (op->parent == other->number)
            parent = (uint8_t)(1 + i);
    }
    out[0] = clients[op->client];
    out[1] = (uint8_t)op->how;
    out[2] = parent;
    out[3] = renamed(op->keys.exclusive, keys);
    out[4] = renamed(op->keys.shared, keys);
    out[5] = op->is_granted;
    out[6] = rules_has_deadline(op) ? age : 0;
}

/* What was changed counts only where somebody asks. */
static size_t put(const struct moves *moves, const struct rules *rules, const uint8_t *clients,
                  const uint8_t *keys, uint8_t *out)
{
    bool asks = (moves->world->parts & PART_ASKING) != 0;
    size_t n = 4;

    out[0] = rules->n_ops;
    out[1] = rules->crashes_left;
    out[2] = asks ? renamed(rules->changed, keys) : 0;
    out[3] = asks && rules->has_forgotten;
    for (int i = 0; i < CLIENTS_MAX; i++)
        out[n + clients[i]] = rules->steps_left[i];
    n += CLIENTS_MAX;
    for (int i = 0; i < rules->n_ops; i++, n += 7)
        put_op(rules, &rules->ops[i], clients, keys, out + n);
    return n;
}

uint64_t moves_hash(const struct moves *moves, const struct rules *rules)
{
    uint8_t least[BYTES_MAX], bytes[BYTES_MAX];
    size_t n = 0;

    for (uint32_t c = 0; c < moves->n_client_orders; c++)
        for (uint32_t k = 0; k < moves->n_key_orders; k++) {
            bool is_first = c + k == 0;
            n = put(moves, rules, moves->client_orders[c], moves->key_orders[k],
                    is_first ? least : bytes);
            if (!is_first && memcmp(bytes, least, n) < 0)
                memcpy(least, bytes, n);
        }
    return siphash13((struct siphash_key){3, 5}, least, n);
}
