#include "store/redis_mirror_parts.h"

#include <stdlib.h>

#include "base/memory.h"

void redis_mirror_init(struct redis_mirror *mirror, struct siphash_key hash_key,
                       struct slice prefix)
{
    *mirror = (struct redis_mirror){.hash_key = hash_key, .prefix = prefix};
}

static uint64_t hash_text(const struct redis_mirror *mirror, uint64_t salt, struct slice text)
{
    struct siphash_key key = {mirror->hash_key.k0 ^ salt, mirror->hash_key.k1};
    return siphash13(key, text.at, text.n);
}

/* --- finding --------------------------------------------------------------------------------- */

static struct model *find_model(const struct redis_mirror *mirror, struct slice name, uint64_t hash)
{
    struct map_link *link = map_first(&mirror->models, hash);

    while (link != NULL &&
           !slice_equal((struct slice){MODEL_AT(link)->name, MODEL_AT(link)->name_n}, name))
        link = map_next(link);
    return link == NULL ? NULL : MODEL_AT(link);
}

static struct thing *find_thing(const struct redis_mirror *mirror, const struct model *model,
                                struct slice id, uint64_t hash)
{
    struct map_link *link = map_first(&mirror->things, hash);

    while (link != NULL &&
           (THING_AT(link)->model != model ||
            !slice_equal((struct slice){THING_AT(link)->id, THING_AT(link)->id_n}, id)))
        link = map_next(link);
    return link == NULL ? NULL : THING_AT(link);
}

static uint64_t hash_ticket(int64_t ticket)
{
    return (uint64_t)ticket * 0x9e3779b97f4a7c15ULL >> 16; /* given in order: nobody chooses them */
}

static struct holder *find_holder(const struct redis_mirror *mirror, int64_t ticket)
{
    struct map_link *link = map_first(&mirror->holders, hash_ticket(ticket));

    while (link != NULL && HOLDER_AT(link)->ticket != ticket)
        link = map_next(link);
    return link == NULL ? NULL : HOLDER_AT(link);
}

/* --- holding --------------------------------------------------------------------------------- */

static struct model *get_model(struct redis_mirror *mirror, struct slice ns, struct slice model)
{
    struct slice name;
    struct model *found;
    uint64_t hash;

    buf_consume(&mirror->name, buf_size(&mirror->name));
    redis_keys_name(&mirror->name, ns, model);
    name = (struct slice){buf_data(&mirror->name), (uint32_t)buf_size(&mirror->name)};
    hash = hash_text(mirror, 0, name);
    found = find_model(mirror, name, hash);
    if (found == NULL) {
        found = memory_alloc_zeroed(1, sizeof *found + name.n);
        found->name_n = name.n;
        if (name.at != NULL)
            memcpy(found->name, name.at, name.n);
        map_add(&mirror->models, &found->by_name, hash);
    }
    return found;
}

static struct thing *get_thing(struct redis_mirror *mirror, struct model *model, struct slice id)
{
    uint64_t hash = hash_text(mirror, model->by_name.hash, id);
    struct thing *thing = find_thing(mirror, model, id, hash);

    if (thing == NULL) {
        thing = memory_alloc_zeroed(1, sizeof *thing + id.n);
        thing->model = model;
        thing->id_n = id.n;
        if (id.n > 0)
            memcpy(thing->id, id.at, id.n);
        map_add(&mirror->things, &thing->by_id, hash);
        model->n_things++;
    }
    return thing;
}

static void touch(struct redis_mirror *mirror, struct thing *thing)
{
    if (!list_is_linked(&thing->touched)) {
        list_append(&thing->model->things, &thing->touched);
        mirror->n_touched++;
    }
    if (!list_is_linked(&thing->model->touched))
        list_append(&mirror->touched, &thing->model->touched);
}

static void let_go(struct redis_mirror *mirror, struct holder *holder)
{
    for (struct list *link; (link = list_pop(&holder->holds)) != NULL;) {
        struct hold *hold = LIST_ENTRY(link, struct hold, of_holder);
        list_remove(&hold->of_thing);
        touch(mirror, hold->thing);
        free(hold);
    }
}

static void take_hold(struct redis_mirror *mirror, struct holder *holder, struct slice ns,
                      struct slice json)
{
    struct slice model, id;

    redis_keys_begin(&mirror->keys, json);
    while (redis_keys_next(&mirror->keys, &model, &id)) {
        struct hold *hold = memory_alloc_zeroed(1, sizeof *hold);
        hold->holder = holder;
        hold->thing = get_thing(mirror, get_model(mirror, ns, model), id);
        list_append(&holder->holds, &hold->of_holder);
        list_append(&hold->thing->holds, &hold->of_thing);
        touch(mirror, hold->thing);
    }
}

static struct holder *add_holder(struct redis_mirror *mirror, const struct store_op *op)
{
    struct holder *holder = memory_alloc_zeroed(1, sizeof *holder + op->id.n);

    holder->ticket = op->ticket;
    holder->op_n = op->id.n;
    memcpy(holder->op, op->id.at, op->id.n);
    map_add(&mirror->holders, &holder->by_ticket, hash_ticket(op->ticket));
    return holder;
}

void redis_mirror_put(struct redis_mirror *mirror, const struct store_op *op)
{
    struct holder *holder = find_holder(mirror, op->ticket);
    uint64_t keys;

    if (op->state != 1) {
        redis_mirror_remove(mirror, op->ticket);
        return;
    }
    keys = hash_text(mirror, hash_text(mirror, 1, op->keys), op->shared);
    if (holder == NULL)
        holder = add_holder(mirror, op);
    else if (holder->keys == keys)
        return; /* renewed, claimed */
    let_go(mirror, holder);
    holder->keys = keys;
    take_hold(mirror, holder, op->ns, op->keys);
    take_hold(mirror, holder, op->ns, op->shared);
}

void redis_mirror_remove(struct redis_mirror *mirror, int64_t ticket)
{
    struct holder *holder = find_holder(mirror, ticket);

    if (holder == NULL)
        return;
    let_go(mirror, holder);
    map_remove(&mirror->holders, &holder->by_ticket);
    free(holder);
}

/* --- the beginning, and the end
 * --------------------------------------------------------------------- */

bool redis_mirror_saw_model(struct redis_mirror *mirror, struct slice name)
{
    struct model *model = find_model(mirror, name, hash_text(mirror, 0, name));

    if (model != NULL)
        model->is_listed = true;
    return model != NULL;
}

/* What is held of that name and id; NULL: nothing. */
static struct thing *find_by_names(const struct redis_mirror *mirror, struct slice name,
                                   struct slice id)
{
    uint64_t hash = hash_text(mirror, 0, name);
    const struct model *model = find_model(mirror, name, hash);

    return model == NULL ? NULL : find_thing(mirror, model, id, hash_text(mirror, hash, id));
}

bool redis_mirror_saw_id(struct redis_mirror *mirror, struct slice name, struct slice id)
{
    struct thing *thing = find_by_names(mirror, name, id);

    if (thing != NULL)
        thing->was_seen = true;
    return thing != NULL;
}

bool redis_mirror_saw_holder(struct redis_mirror *mirror, struct slice name, struct slice id,
                             struct slice op)
{
    struct thing *thing = find_by_names(mirror, name, id);
    const struct holder *first;

    if (thing == NULL)
        return false;
    first = redis_mirror_first_holder(thing);
    if (thing->was_seen && slice_equal((struct slice){first->op, first->op_n}, op))
        thing->shown = first->ticket;
    return true;
}

static void free_holder(void *context, struct map_link *link)
{
    (void)context;
    for (struct list *hold; (hold = list_pop(&HOLDER_AT(link)->holds)) != NULL;)
        free(LIST_ENTRY(hold, struct hold, of_holder));
    free(HOLDER_AT(link));
}

static void free_thing(void *context, struct map_link *link)
{
    (void)context;
    free(THING_AT(link));
}

static void free_model(void *context, struct map_link *link)
{
    (void)context;
    free(MODEL_AT(link));
}

void redis_mirror_finish(struct redis_mirror *mirror)
{
    map_finish(&mirror->holders, free_holder, NULL);
    map_finish(&mirror->things, free_thing, NULL);
    map_finish(&mirror->models, free_model, NULL);
    redis_keys_finish(&mirror->keys);
    buf_finish(&mirror->name);
}
