/*
 * The mirror: what is held, so that a program that knows nothing but Redis can look.
 *
 *     locked:Project       a set: the ids of all Project/ID that are held
 *     locked-by:Project    a hash: such an id -> the operation that holds it (of several, sharing
 *                          it or a parent and its children, the one that has had it longest)
 *
 * outside of the namespace `default` locked:NAMESPACE:MODEL (redis_keys.h). It is for reading; the
 * daemon never asks it. The store keeps here who holds what, counted by holder, so that an id goes
 * out with its last one, and tells a commit only what differs since the last. A third key, a set of
 * the models that have a mirror, lets the next start find what this one left.
 */
#ifndef STORE_REDIS_MIRROR_H
#define STORE_REDIS_MIRROR_H

#include "base/list.h"
#include "base/siphash.h"
#include "store/map.h"
#include "store/redis_command.h"
#include "store/redis_keys.h"
#include "store/store.h"

struct redis_mirror {
    struct siphash_key hash_key;
    struct slice prefix; /* of all keys in Redis; the store's */
    struct map models, things, holders;
    struct list touched; /* models of which something changed since the last write */
    struct list gone;    /* things that nobody holds any more, as the write has found them */
    size_t n_touched;    /* things that are to be written */
    struct redis_keys keys;
    struct buf name;
};

/* hash_key must not be known to those who choose the keys; `prefix` must stay. */
void redis_mirror_init(struct redis_mirror *mirror, struct siphash_key hash_key,
                       struct slice prefix);
void redis_mirror_finish(struct redis_mirror *mirror);

/* The row of an operation is this from now on; or it is gone. */
void redis_mirror_put(struct redis_mirror *mirror, const struct store_op *op);
void redis_mirror_remove(struct redis_mirror *mirror, int64_t ticket);

/* Add what differs in Redis since the last write as sections, of up to n_max ids; return of how
 * many it was. First what is held, until nothing is left of it, then what is held no more; rows
 * change again only when nothing is left of either. */
size_t redis_mirror_write_held(struct redis_mirror *mirror, struct redis_command *command,
                               size_t n_max);
size_t redis_mirror_write_gone(struct redis_mirror *mirror, struct redis_command *command,
                               size_t n_max);

/* The full name of one of a model's keys; lives until the next call on the mirror. */
struct slice redis_mirror_key(struct redis_mirror *mirror, const char *which, struct slice name);
#define REDIS_MIRROR_SET    "locked:"
#define REDIS_MIRROR_HASH   "locked-by:"
#define REDIS_MIRROR_MODELS "lockq:mirror" /* behind the prefix */

/* At the beginning, before the first write: Redis shows this already, by the mirror's names: a
 * model in the set of models, an id in a model's set, and then that id with its holder in the
 * model's hash. False: nothing of that is held, and it must go there. */
bool redis_mirror_saw_model(struct redis_mirror *mirror, struct slice name);
bool redis_mirror_saw_id(struct redis_mirror *mirror, struct slice name, struct slice id);
bool redis_mirror_saw_holder(struct redis_mirror *mirror, struct slice name, struct slice id,
                             struct slice op);

#endif
