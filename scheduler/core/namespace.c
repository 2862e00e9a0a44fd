#include "core/namespace.h"

void namespaces_init(struct namespaces *all, struct siphash_key hash_key, struct keys *keys,
                     struct slab *slab)
{
    *all = (struct namespaces){.keys = keys, .slab = slab, .hash_key = hash_key};
    pool_init(&all->pool, sizeof(struct core_namespace));
    table_init(&all->table);
}

void namespaces_finish(struct namespaces *all)
{
    table_finish(&all->table);
    pool_finish(&all->pool);
}

static struct core_namespace *at(const struct namespaces *all, uint32_t number)
{
    return POOL_AT(&all->pool, number, struct core_namespace);
}

static struct core_namespace *find(const struct namespaces *all, struct slice name)
{
    uint32_t hash = (uint32_t)siphash13(all->hash_key, name.at, name.n), number;
    struct table_search search = table_search(&all->table, hash);

    while ((number = table_next(&all->table, &search)) != 0)
        if (slice_equal(at(all, number)->name, name))
            return at(all, number);
    return NULL;
}

struct core_namespace *namespace_find(struct namespaces *all, struct slice name)
{
    if (all->latest == NULL || !slice_equal(all->latest->name, name))
        all->latest = find(all, name);
    return all->latest;
}

struct core_namespace *namespace_add(struct namespaces *all, struct slice name)
{
    uint32_t number = pool_take(&all->pool);
    uint64_t hash = siphash13(all->hash_key, name.at, name.n);
    struct core_namespace *ns = at(all, number);
    char *copy = slab_alloc(all->slab, name.n);

    if (name.n > 0)
        memcpy(copy, name.at, name.n);
    *ns = (struct core_namespace){
        .number = number,
        .hash = (uint32_t)hash,
        .hash_key = {all->hash_key.k0 ^ hash, all->hash_key.k1},
        .name = {copy, name.n},
    };
    ns->root = keys_add_root(all->keys, ns);
    table_add(&all->table, number, ns->hash);
    return ns;
}

void namespace_drop_unused(struct namespaces *all, struct core_namespace *ns)
{
    if (ns->n_ops > 0 || ns->n_revisions > 0)
        return;
    if (all->latest == ns)
        all->latest = NULL;
    keys_remove_root(all->keys, ns->root);
    table_remove(&all->table, ns->number, ns->hash);
    slab_free(all->slab, (void *)(uintptr_t)ns->name.at, ns->name.n);
    pool_give(&all->pool, ns->number);
}

void namespace_on_live(struct namespaces *all, struct core_namespace *ns)
{
    if (ns->n_live++ > 0)
        return;
    list_append(&all->live, &ns->live);
    all->n_live++;
}

void namespace_on_ended(struct namespaces *all, struct core_namespace *ns)
{
    if (--ns->n_live > 0)
        return;
    list_remove(&ns->live);
    all->n_live--;
}
