#include "core/key.h"

#include <assert.h>

void keys_init(struct keys *keys, struct slab *slab)
{
    pool_init(&keys->pool, sizeof(struct key));
    table_init(&keys->table);
    keys->slab = slab;
}

void keys_finish(struct keys *keys)
{
    table_finish(&keys->table);
    pool_finish(&keys->pool);
}

uint32_t keys_find(const struct keys *keys, const struct core_namespace *ns, struct slice path,
                   uint32_t hash)
{
    struct table_search search = table_search(&keys->table, hash);
    uint32_t number;

    while ((number = table_next(&keys->table, &search)) != 0) {
        const struct key *key = key_at(keys, number);
        if (key->ns == ns && slice_equal(key_path(key), path))
            break;
    }
    return number;
}

static uint32_t take(struct keys *keys, struct core_namespace *ns, struct slice path, uint32_t hash)
{
    uint32_t number = pool_take(&keys->pool);
    char *copy = slab_alloc(keys->slab, path.n);

    if (path.n > 0)
        memcpy(copy, path.at, path.n);
    *key_at(keys, number) = (struct key){.ns = ns, .path = copy, .n = path.n, .hash = hash};
    return number;
}

static void give(struct keys *keys, uint32_t number)
{
    struct key *key = key_at(keys, number);

    assert(!key_is_claimed(key));
    slab_free(keys->slab, key->wide, sizeof *key->wide);
    slab_free(keys->slab, (void *)(uintptr_t)key->path, key->n);
    pool_give(&keys->pool, number);
}

uint32_t keys_add(struct keys *keys, struct core_namespace *ns, struct slice path, uint32_t hash)
{
    uint32_t number = take(keys, ns, path, hash);
    table_add(&keys->table, number, hash);
    return number;
}

void keys_remove(struct keys *keys, uint32_t number)
{
    table_remove(&keys->table, number, key_at(keys, number)->hash);
    give(keys, number);
}

uint32_t keys_add_root(struct keys *keys, struct core_namespace *ns)
{
    return take(keys, ns, SLICE(""), 0);
}

void keys_remove_root(struct keys *keys, uint32_t number)
{
    give(keys, number);
}

void key_widen(struct keys *keys, struct key *key)
{
    struct wide *wide = slab_alloc(keys->slab, sizeof *wide);

    memset(wide, 0, sizeof *wide);
    wide->lines[key->only_mode] = key->only;
    key->wide = wide;
}
