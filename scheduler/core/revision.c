#include "core/revision.h"

#include "core/state.h"

/* Who changed keys: shared by all that one operation changed at once. */
struct author {
    uint32_t n_keys; /* that still name it */
    struct slice op, who;
};

struct revision {
    struct core_namespace *ns;
    struct slice path; /* of the slab */
    uint32_t hash;
    uint64_t own, below; /* seq of the latest change of the key, of one below; 0: none known */
    struct author *own_by, *below_by;
    struct list age;
};

static struct revision *at(const struct revisions *revisions, uint32_t number)
{
    return POOL_AT(&revisions->pool, number, struct revision);
}

void revisions_init(struct revisions *revisions, struct slab *slab, uint64_t max, uint64_t floor)
{
    pool_init(&revisions->pool, sizeof(struct revision));
    table_init(&revisions->table);
    revisions->slab = slab;
    revisions->max = max;
    revisions->floor = revisions->latest = floor;
}

void revisions_finish(struct revisions *revisions)
{
    table_finish(&revisions->table);
    pool_finish(&revisions->pool);
}

/* --- authors ------------------------------------------------------------------------------- */

static size_t author_bytes(struct slice op, struct slice who)
{
    return sizeof(struct author) + op.n + who.n;
}

static struct author *author_of(struct revisions *revisions, const struct op *op)
{
    struct author *author = slab_alloc(revisions->slab, author_bytes(op->id, op->who));
    char *text = (char *)(author + 1);

    memcpy(text, op->id.at, op->id.n);
    if (op->who.n > 0)
        memcpy(text + op->id.n, op->who.at, op->who.n);
    *author = (struct author){0, {text, op->id.n}, {text + op->id.n, op->who.n}};
    return author;
}

static void drop_author(struct revisions *revisions, struct author *author)
{
    if (author != NULL && --author->n_keys == 0)
        slab_free(revisions->slab, author, author_bytes(author->op, author->who));
}

static void set_author(struct revisions *revisions, struct author **to, struct author *author)
{
    author->n_keys++;
    drop_author(revisions, *to);
    *to = author;
}

/* --- keys ---------------------------------------------------------------------------------- */

static uint32_t hash_of(const struct core_namespace *ns, struct slice path)
{
    return path.n == 0 ? ns->hash : namespace_hash(ns, path);
}

static uint32_t find(const struct revisions *revisions, const struct core_namespace *ns,
                     struct slice path, uint32_t hash)
{
    struct table_search search = table_search(&revisions->table, hash);
    uint32_t number;

    while ((number = table_next(&revisions->table, &search)) != 0) {
        const struct revision *revision = at(revisions, number);
        if (revision->ns == ns && slice_equal(revision->path, path))
            break;
    }
    return number;
}

static struct revision *add(struct revisions *revisions, struct core_namespace *ns,
                            struct slice path, uint32_t hash)
{
    uint32_t number = pool_take(&revisions->pool);
    struct revision *revision = at(revisions, number);
    char *copy = slab_alloc(revisions->slab, path.n);

    if (path.n > 0)
        memcpy(copy, path.at, path.n);
    *revision = (struct revision){.ns = ns, .path = {copy, path.n}, .hash = hash};
    table_add(&revisions->table, number, hash);
    ns->n_revisions++;
    return revision;
}

static uint64_t latest_of(const struct revision *revision)
{
    return revision->own > revision->below ? revision->own : revision->below;
}

static void forget_oldest(struct core *core)
{
    struct revisions *revisions = &core->revisions;
    struct revision *revision = LIST_ENTRY(list_pop(&revisions->by_age), struct revision, age);
    struct core_namespace *ns = revision->ns;
    uint32_t number = find(revisions, ns, revision->path, revision->hash);

    revisions->floor = latest_of(revision);
    drop_author(revisions, revision->own_by);
    drop_author(revisions, revision->below_by);
    slab_free(revisions->slab, (void *)(uintptr_t)revision->path.at, revision->path.n);
    table_remove(&revisions->table, number, revision->hash);
    pool_give(&revisions->pool, number);
    ns->n_revisions--;
    namespace_drop_unused(&core->namespaces, ns);
}

/* The youngest of all from now on. */
static struct revision *touch(struct core *core, const struct key *key)
{
    struct revisions *revisions = &core->revisions;
    uint32_t hash = key->n == 0 ? key->ns->hash : key->hash;
    uint32_t number = find(revisions, key->ns, key_path(key), hash);
    struct revision *revision =
        number != 0 ? at(revisions, number) : add(revisions, key->ns, key_path(key), hash);

    list_remove(&revision->age);
    list_append(&revisions->by_age, &revision->age);
    return revision;
}

/* Those above an operation's claim that were noted are noted up to the root. */
static void note_above(struct core *core, const struct core_op *op, const struct claim *claim,
                       uint64_t seq, struct author *author)
{
    while (claim != &op->claims[claim->parent]) {
        struct revision *revision;
        claim = &op->claims[claim->parent];
        revision = touch(core, key_at(&core->keys, claim->key));
        if (revision->below == seq)
            return;
        revision->below = seq;
        set_author(&core->revisions, &revision->below_by, author);
    }
}

void revisions_note(struct core *core, const struct core_op *op, uint64_t seq, bool given_only)
{
    struct revisions *revisions = &core->revisions;
    struct author *author = NULL;

    for (uint32_t i = 0; i < op->n_named; i++) {
        const struct claim *claim = &op->claims[i];
        struct revision *revision;
        if (claim->named != MODE_X || (given_only && (claim->marks & CLAIM_GIVEN) == 0))
            continue;
        revisions->latest = seq;
        if (revisions->max == 0) {
            revisions->floor = seq;
            return;
        }
        if (author == NULL)
            author = author_of(revisions, &op->op);
        revision = touch(core, key_at(&core->keys, claim->key));
        revision->own = seq;
        set_author(revisions, &revision->own_by, author);
        note_above(core, op, claim, seq, author);
    }
    while (revisions->table.n > revisions->max)
        forget_oldest(core);
}

/* --- questions ----------------------------------------------------------------------------- */

static void note_later(uint64_t rev, const struct author *author, struct core_change *change)
{
    if (rev > change->rev)
        *change = (struct core_change){change->key, rev, author->op, author->who};
}

static void look_at(const struct revisions *revisions, const struct core_namespace *ns,
                    struct slice key, bool is_asked, struct core_change *change)
{
    uint32_t number = find(revisions, ns, key, hash_of(ns, key));
    const struct revision *revision;

    if (number == 0)
        return;
    revision = at(revisions, number);
    note_later(revision->own, revision->own_by, change);
    if (is_asked)
        note_later(revision->below, revision->below_by, change);
}

bool revisions_changed(const struct core *core, const struct core_namespace *ns, struct slice path,
                       uint64_t since, struct core_change *change)
{
    const struct revisions *revisions = &core->revisions;

    *change = (struct core_change){.key = path};
    if (since >= revisions->latest)
        return false;
    if (ns != NULL) {
        look_at(revisions, ns, SLICE(""), path.n == 0, change);
        for (uint32_t end = 1; end <= path.n; end++)
            if (end == path.n || path.at[end] == '/')
                look_at(revisions, ns, (struct slice){path.at, end}, end == path.n, change);
    }
    if (change->rev > since)
        return true;
    *change = (struct core_change){.key = path};
    return since < revisions->floor;
}

uint32_t revisions_changes(const struct core *core, const struct core_namespace *ns,
                           const struct core_key *keys, uint32_t n_keys, uint64_t since,
                           struct core_change *changes)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < n_keys && n < CORE_CHANGES_SHOWN; i++)
        n += revisions_changed(core, ns, keys[i].path, since, &changes[n]);
    return n;
}

bool core_changed(struct core *core, struct slice ns, struct slice path, uint64_t since,
                  struct core_change *change)
{
    return revisions_changed(core, namespace_find(&core->namespaces, ns), path, since, change);
}
