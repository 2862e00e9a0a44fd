/*
 * What the mirror is made of; for its two files.
 *
 * A holder (an operation that is granted) has holds; a thing (an id of a model) has the holds on
 * it, in the order in which they came; each hold is in both lists. So nothing walks more than what
 * changed.
 */
#ifndef STORE_REDIS_MIRROR_PARTS_H
#define STORE_REDIS_MIRROR_PARTS_H

#include "store/redis_mirror.h"

struct model {
    struct map_link by_name;
    struct list touched; /* in mirror.touched */
    struct list things;  /* that were touched */
    uint32_t n_things, name_n;
    bool is_listed; /* in the set of models */
    char name[];
};

struct thing {
    struct map_link by_id;
    struct list touched; /* in model.things or mirror.gone */
    struct list holds;
    struct model *model;
    int64_t shown; /* the ticket of the holder that Redis shows; 0: none */
    bool was_seen; /* in the model's set, at the beginning */
    uint32_t id_n;
    char id[];
};

struct holder {
    struct map_link by_ticket;
    struct list holds;
    int64_t ticket;
    uint64_t keys; /* a hash over what it holds */
    uint32_t op_n;
    char op[];
};

struct hold {
    struct list of_thing, of_holder;
    struct thing *thing;
    struct holder *holder;
};

/* The one that has had it longest; NULL: nobody has it. */
const struct holder *redis_mirror_first_holder(const struct thing *thing);

#define MODEL_AT(link) ((struct model *)(void *)((char *)(link)-offsetof(struct model, by_name)))
#define THING_AT(link) ((struct thing *)(void *)((char *)(link)-offsetof(struct thing, by_id)))
#define HOLDER_AT(link)                                                                            \
    ((struct holder *)(void *)((char *)(link)-offsetof(struct holder, by_ticket)))

#endif
