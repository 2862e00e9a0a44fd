/*
 * Namespaces: separate worlds of keys and ids.
 *
 * One is here while an operation, live or remembered, or a change of a key is in it. Those with a
 * live one are in a list of their own, which is what counts against the limit.
 */
#ifndef CORE_NAMESPACE_H
#define CORE_NAMESPACE_H

#include "core/key.h"

struct core_namespace {
    uint32_t number;             /* in struct namespaces */
    uint32_t hash;               /* of its name */
    uint32_t root;               /* its root key */
    struct siphash_key hash_key; /* so that one path has another hash in each namespace */
    struct slice name;           /* of the slab */
    uint64_t n_ops;              /* live and remembered */
    uint64_t n_revisions;        /* of its keys */
    uint64_t n_live, n_waiting;
    struct list live; /* linked while n_live > 0 */
};

struct namespaces {
    struct pool pool;
    struct table table;
    struct keys *keys;
    struct slab *slab;
    struct siphash_key hash_key;
    struct list live;
    uint64_t n_live;               /* namespaces in that list */
    struct core_namespace *latest; /* that was found; most steps ask for one and the same */
};

void namespaces_init(struct namespaces *all, struct siphash_key hash_key, struct keys *keys,
                     struct slab *slab);
void namespaces_finish(struct namespaces *all);

/* NULL: no operation is in it. */
struct core_namespace *namespace_find(struct namespaces *all, struct slice name);
struct core_namespace *namespace_add(struct namespaces *all, struct slice name);
/* Removes it if no operation is in it. */
void namespace_drop_unused(struct namespaces *all, struct core_namespace *ns);

void namespace_on_live(struct namespaces *all, struct core_namespace *ns);
void namespace_on_ended(struct namespaces *all, struct core_namespace *ns);

static inline uint32_t namespace_hash(const struct core_namespace *ns, struct slice text)
{
    return (uint32_t)siphash13(ns->hash_key, text.at, text.n);
}

#endif
