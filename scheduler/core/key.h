/*
 * Keys that somebody claims: one struct key for each, found by namespace and path.
 *
 * A key is here while it has a claim (the root of a namespace: as long as its namespace). For each
 * mode that is in use on it there is a line: those who hold and those who wait; queue.h has the
 * rules. Most keys are claimed in one mode only, so a key has room for one line and takes the
 * lines of all modes when the second mode comes.
 */
#ifndef CORE_KEY_H
#define CORE_KEY_H

#include "core/mode.h"
#include "core/slab.h"
#include "core/table.h"

struct claim;

/* The claims in one mode on one key. Rings: the first one's `prev` is the last. */
struct line {
    struct claim *holders; /* by token; NULL: none */
    struct claim *waiting; /* by ticket; NULL: none */
    struct claim *front;   /* the first blocked one of `waiting`; all after it are blocked too */
    uint32_t n_holders, n_waiting;
    uint32_t n_holders_under, n_waiting_under; /* of those: with CLAIM_UNDER */
};

/* What a key has from its second mode or its first waiting child on. */
struct wide {
    struct line lines[MODES];   /* by mode; MODE_CHILDREN: children that wait, whatever they want */
    uint32_t n_children[MODES]; /* those by the mode that they want */
    uint32_t n_children_blocked;
};

struct key {
    struct core_namespace *ns;
    const char *path;      /* of the slab */
    uint32_t n;            /* bytes of the path */
    uint32_t hash;         /* of the path, in its namespace */
    uint32_t draft;        /* while the claims of an operation are drawn up: its claim here, + 1 */
    uint8_t held, waiting; /* bits of the modes with holders, with waiting claims */
    uint8_t children;      /* bits of the modes that waiting children want */
    uint8_t only_mode;     /* of `only`, if there are no wide lines */
    struct wide *wide;     /* NULL: one line is enough so far */
    struct line only;
};

struct keys {
    struct pool pool;
    struct table table;
    struct slab *slab;
};

void keys_init(struct keys *keys, struct slab *slab);
void keys_finish(struct keys *keys);

static inline struct key *key_at(const struct keys *keys, uint32_t number)
{
    return POOL_AT(&keys->pool, number, struct key);
}

static inline struct slice key_path(const struct key *key)
{
    return (struct slice){key->path, key->n};
}

/* The number of a key, 0: nobody claims it. */
uint32_t keys_find(const struct keys *keys, const struct core_namespace *ns, struct slice path,
                   uint32_t hash);
/* A new key without claims; it must not be there yet. */
uint32_t keys_add(struct keys *keys, struct core_namespace *ns, struct slice path, uint32_t hash);
/* A key without claims goes. */
void keys_remove(struct keys *keys, uint32_t number);
/* The same for one that no table knows: the root of a namespace. */
uint32_t keys_add_root(struct keys *keys, struct core_namespace *ns);
void keys_remove_root(struct keys *keys, uint32_t number);

static inline bool key_is_claimed(const struct key *key)
{
    return (key->held | key->waiting) != 0;
}

/* The line of a mode that is in use. */
static inline struct line *key_line(struct key *key, enum mode mode)
{
    return key->wide != NULL ? &key->wide->lines[mode] : &key->only;
}

/* Every mode gets its line. */
void key_widen(struct keys *keys, struct key *key);

/* The line of a mode that comes into use. */
static inline struct line *key_open_line(struct keys *keys, struct key *key, enum mode mode)
{
    if (key->wide != NULL)
        return &key->wide->lines[mode];
    if (mode != MODE_CHILDREN && (key->only_mode == mode || !key_is_claimed(key))) {
        key->only_mode = (uint8_t)mode; /* the last claim left the line all zero */
        return &key->only;
    }
    key_widen(keys, key);
    return &key->wide->lines[mode];
}

#endif
