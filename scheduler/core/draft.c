#include "core/draft.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core/state.h"

#define WINDOW 16 /* keys that are fetched into the cache ahead of their use */

/* The keys above the latest named one, root first, and that one itself. */
struct chain {
    uint32_t n;
    uint32_t claims[CORE_SEGMENTS_MAX + 1]; /* places in the draft */
    uint32_t ends[CORE_SEGMENTS_MAX + 1];   /* bytes of their paths */
    struct slice path;                      /* of the last */
};

void draft_finish(struct draft *draft)
{
    free(draft->claims);
    *draft = (struct draft){0};
}

static void reserve(struct draft *draft, uint32_t n)
{
    if (n <= draft->cap)
        return;
    draft->cap = n < 2 * draft->cap ? 2 * draft->cap : n;
    draft->claims = memory_resize(draft->claims, draft->cap * sizeof *draft->claims);
}

/* The marks of a claim under `parent`. */
static uint8_t marks_under(const struct claim *parent)
{
    return parent->named == MODE_S ? CLAIM_UNDER : parent->marks & CLAIM_UNDER;
}

static void put(struct core *core, uint32_t place, uint32_t number, uint32_t parent,
                enum mode named)
{
    struct claim *claims = core->draft.claims;
    uint8_t marks = place == parent ? 0 : marks_under(&claims[parent]);

    claims[place].key = number;
    claims[place].parent = parent;
    claims[place].mode = claims[place].named = named;
    claims[place].marks = marks;
    key_at(&core->keys, number)->draft = place + 1;
}

/* The claim on a key above a named one, made when it is not there yet. ROOT: it is the root's,
 * which is its own parent. */
#define ROOT UINT32_MAX

static uint32_t claim_above(struct core *core, uint32_t number, uint32_t parent)
{
    struct draft *draft = &core->draft;
    uint32_t place = key_at(&core->keys, number)->draft;

    if (place != 0)
        return place - 1;
    place = draft->n_claims++;
    reserve(draft, draft->n_claims);
    put(core, place, number, parent == ROOT ? place : parent, MODE_NONE);
    return place;
}

static uint32_t find_or_add(struct core *core, struct core_namespace *ns, struct slice path,
                            uint32_t hash)
{
    uint32_t number = keys_find(&core->keys, ns, path, hash);
    return number != 0 ? number : keys_add(&core->keys, ns, path, hash);
}

/* Cuts the chain down to the keys that are above `path` too: those that it begins with, up to a
 * slash. */
static void cut(struct chain *chain, struct slice path)
{
    for (; chain->n > 1; chain->n--) {
        uint32_t end = chain->ends[chain->n - 1];
        if (end < path.n && path.at[end] == '/' && memcmp(path.at, chain->path.at, end) == 0)
            return;
    }
}

static void push(struct chain *chain, uint32_t place, uint32_t end)
{
    assert(chain->n <= CORE_SEGMENTS_MAX);
    chain->claims[chain->n] = place;
    chain->ends[chain->n++] = end;
}

/* Completes the chain down to the key above `path`. */
static void extend(struct core *core, struct core_namespace *ns, struct chain *chain,
                   struct slice path)
{
    uint32_t from = chain->n == 1 ? 0 : chain->ends[chain->n - 1] + 1;
    const char *slash;

    while ((slash = memchr(path.at + from, '/', path.n - from)) != NULL) {
        struct slice above = {path.at, (uint32_t)(slash - path.at)};
        uint32_t number = find_or_add(core, ns, above, namespace_hash(ns, above));
        push(chain, claim_above(core, number, chain->claims[chain->n - 1]), above.n);
        from = above.n + 1;
    }
}

/* A mode as strong as `mode` on every key above. One that has it has it all the way up. */
static void raise_above(struct claim *claims, uint32_t place, enum mode mode)
{
    for (;;) {
        struct claim *claim = &claims[place];
        uint8_t raised = mode_supremum[claim->mode][mode];
        if (raised == claim->mode)
            return;
        claim->mode = raised;
        place = claim->parent;
    }
}

/* `found`: the first key with this hash, 0: there is none, and so this key is new. It is still so,
 * though keys above were added since: none of them comes after a key below it. */
static void claim_named(struct core *core, struct core_namespace *ns, struct chain *chain,
                        const struct core_key *key, uint32_t hash, uint32_t found, uint32_t place)
{
    uint32_t number, above;

    cut(chain, key->path);
    extend(core, ns, chain, key->path);
    number = found != 0 ? find_or_add(core, ns, key->path, hash)
                        : keys_add(&core->keys, ns, key->path, hash);
    above = chain->claims[chain->n - 1];
    put(core, place, number, above, key->mode);
    raise_above(core->draft.claims, above, mode_above(key->mode));
    push(chain, place, key->path.n);
    chain->path = key->path;
}

/* The root is above all, and perhaps the first named key. */
static uint32_t claim_root(struct core *core, struct core_namespace *ns, struct chain *chain,
                           const struct core_key *first)
{
    bool is_named = first->path.n == 0;

    chain->n = 0;
    if (is_named)
        put(core, 0, ns->root, 0, first->mode);
    push(chain, is_named ? 0 : claim_above(core, ns->root, ROOT), 0);
    chain->path = SLICE("");
    return is_named;
}

/* Some keys, looked up together so that the misses of all of them overlap. */
struct window {
    uint32_t n;
    uint32_t hashes[WINDOW];
    uint32_t found[WINDOW]; /* the first key with this hash; 0: none */
};

static void look_up(const struct core *core, const struct core_namespace *ns,
                    const struct core_key *keys, uint32_t n, struct window *window)
{
    const struct table *table = &core->keys.table;

    window->n = n < WINDOW ? n : WINDOW;
    for (uint32_t i = 0; i < window->n; i++) {
        window->hashes[i] = namespace_hash(ns, keys[i].path);
        __builtin_prefetch(table_bucket(table, window->hashes[i]));
    }
    for (uint32_t i = 0; i < window->n; i++) {
        struct table_search search = table_search(table, window->hashes[i]);
        window->found[i] = table_next(table, &search);
        if (window->found[i] != 0)
            __builtin_prefetch(key_at(&core->keys, window->found[i]));
    }
}

void draft_claims(struct core *core, struct core_namespace *ns, const struct core_key *keys,
                  uint32_t n)
{
    struct draft *draft = &core->draft;
    struct chain chain;
    struct window window;

    draft->n_named = draft->n_claims = n;
    draft->n_exclusive = draft->n_blocked = 0;
    reserve(draft, n + 1);
    for (uint32_t i = claim_root(core, ns, &chain, &keys[0]); i < n;) {
        look_up(core, ns, keys + i, n - i, &window);
        for (uint32_t k = 0; k < window.n; k++, i++)
            claim_named(core, ns, &chain, &keys[i], window.hashes[k], window.found[k], i);
    }
    for (uint32_t i = 0; i < draft->n_claims; i++) {
        key_at(&core->keys, draft->claims[i].key)->draft = 0;
        draft->n_exclusive += draft->claims[i].named == MODE_X;
    }
}

void draft_drop(struct core *core)
{
    for (uint32_t i = 0; i < core->draft.n_claims; i++) {
        const struct claim *claim = &core->draft.claims[i];
        const struct key *key = key_at(&core->keys, claim->key);
        if (key->n > 0 && !key_is_claimed(key))
            keys_remove(&core->keys, claim->key);
    }
    core->draft.n_claims = 0;
}

static struct slice put_bytes(char **at, struct slice bytes)
{
    struct slice copy = {*at, bytes.n};

    if (bytes.at == NULL)
        return (struct slice){NULL, 0};
    memcpy(*at, bytes.at, bytes.n);
    *at += bytes.n;
    return copy;
}

static void note_exclusive(struct core_op *op)
{
    uint32_t next = op->n_named;

    for (uint32_t i = op->n_named; i-- > 0;) {
        if (op->claims[i].named == MODE_X)
            next = i;
        op->exclusive_from[i] = next;
    }
}

void draft_keep(struct core *core, struct core_op *op, struct slice meta, struct slice payload)
{
    struct draft *draft = &core->draft;
    bool is_mixed = draft->n_exclusive > 0 && draft->n_exclusive < draft->n_named;
    size_t claims = draft->n_claims * sizeof(struct claim);
    size_t places = is_mixed ? draft->n_named * sizeof(uint32_t) : 0;
    char *at;

    op->load_bytes = claims + places + meta.n + payload.n;
    at = slab_alloc(&core->slab, op->load_bytes);
    op->claims = (struct claim *)(void *)at;
    op->n_claims = draft->n_claims;
    op->n_named = draft->n_named;
    op->n_blocked = draft->n_blocked;
    op->op.n_keys = draft->n_exclusive;
    op->op.n_shared = draft->n_named - draft->n_exclusive;
    memcpy(at, draft->claims, claims);
    for (uint32_t i = 0; i < op->n_claims; i++)
        op->claims[i].op = op->number;
    op->exclusive_from = is_mixed ? (uint32_t *)(void *)(at + claims) : NULL;
    if (is_mixed)
        note_exclusive(op);
    at += claims + places;
    op->op.meta = put_bytes(&at, meta);
    op->op.payload = put_bytes(&at, payload);
    draft->n_claims = 0;
}
