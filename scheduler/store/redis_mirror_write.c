/*
 * What differs between who holds what and what Redis shows, as sections of a commit.
 */
#include <stdlib.h>

#include "store/redis_mirror_parts.h"

struct slice redis_mirror_key(struct redis_mirror *mirror, const char *which, struct slice name)
{
    buf_consume(&mirror->name, buf_size(&mirror->name));
    buf_append_slice(&mirror->name, mirror->prefix);
    buf_append_slice(&mirror->name, slice_of(which));
    buf_append_slice(&mirror->name, name);
    return (struct slice){buf_data(&mirror->name), (uint32_t)buf_size(&mirror->name)};
}

static const struct holder *first_holder(const struct thing *thing)
{
    struct list *first = list_first(&thing->holds);
    return first == NULL ? NULL : LIST_ENTRY(first, struct hold, of_thing)->holder;
}

/* What a thing needs in one of the four sections. */
struct section {
    const char *what, *which;
    bool takes_holder; /* a value behind the id */
    bool (*needs)(const struct thing *thing);
};

static bool is_new(const struct thing *thing)
{
    return thing->shown == 0 && first_holder(thing) != NULL;
}

static bool is_other(const struct thing *thing)
{
    return first_holder(thing) != NULL && first_holder(thing)->ticket != thing->shown;
}

static bool is_gone(const struct thing *thing)
{
    return thing->shown != 0 && first_holder(thing) == NULL;
}

static const struct section sections[] = {{"SADD", REDIS_MIRROR_SET, false, is_new},
                                          {"HSET", REDIS_MIRROR_HASH, true, is_other},
                                          {"SREM", REDIS_MIRROR_SET, false, is_gone},
                                          {"HDEL", REDIS_MIRROR_HASH, false, is_gone}};

static void write_section(struct redis_mirror *mirror, const struct model *model,
                          const struct section *section, struct redis_command *command)
{
    struct slice name = {model->name, model->name_n};
    size_t n = 0;

    LIST_EACH (&model->things, link)
        n += section->needs(LIST_ENTRY(link, struct thing, touched));
    if (n == 0)
        return;
    redis_command_begin(command, section->what, redis_mirror_key(mirror, section->which, name),
                        section->takes_holder ? 2 * n : n);
    LIST_EACH (&model->things, link) {
        const struct thing *thing = LIST_ENTRY(link, struct thing, touched);
        if (!section->needs(thing))
            continue;
        redis_command_add(command, (struct slice){thing->id, thing->id_n});
        if (section->takes_holder)
            redis_command_add(command,
                              (struct slice){first_holder(thing)->op, first_holder(thing)->op_n});
    }
}

/* What was touched is as Redis will show it; returns how many things that were. */
static size_t settle(struct redis_mirror *mirror, struct model *model)
{
    size_t n = 0;

    for (struct list *link; (link = list_pop(&model->things)) != NULL; n++) {
        struct thing *thing = LIST_ENTRY(link, struct thing, touched);
        const struct holder *holder = first_holder(thing);
        thing->shown = holder == NULL ? 0 : holder->ticket;
        if (holder != NULL)
            continue;
        map_remove(&mirror->things, &thing->by_id);
        model->n_things--;
        free(thing);
    }
    return n;
}

static size_t write_model(struct redis_mirror *mirror, struct model *model,
                          struct redis_command *command)
{
    struct slice name = {model->name, model->name_n};
    size_t n;

    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        write_section(mirror, model, &sections[i], command);
    n = settle(mirror, model);
    if (model->is_listed != (model->n_things > 0)) {
        model->is_listed = !model->is_listed;
        redis_command_begin(command, model->is_listed ? "SADD" : "SREM",
                            redis_mirror_key(mirror, REDIS_MIRROR_MODELS, SLICE("")), 1);
        redis_command_add(command, name);
    }
    if (model->n_things == 0) {
        map_remove(&mirror->models, &model->by_name);
        free(model);
    }
    return n;
}

bool redis_mirror_write(struct redis_mirror *mirror, struct redis_command *command, size_t n_max)
{
    struct list *link;
    size_t n = 0;

    if (list_is_empty(&mirror->touched))
        return false;
    while (n < n_max && (link = list_pop(&mirror->touched)) != NULL)
        n += write_model(mirror, LIST_ENTRY(link, struct model, touched), command);
    return true;
}
