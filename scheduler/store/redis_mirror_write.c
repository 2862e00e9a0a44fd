/*
 * What differs between who holds what and what Redis shows, as sections of a commit.
 */
#include <assert.h>
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

const struct holder *redis_mirror_first_holder(const struct thing *thing)
{
    struct list *first = list_first(&thing->holds);
    return first == NULL ? NULL : LIST_ENTRY(first, struct hold, of_thing)->holder;
}

static bool is_new(const struct thing *thing)
{
    return thing->shown == 0;
}

static bool is_other(const struct thing *thing)
{
    return redis_mirror_first_holder(thing)->ticket != thing->shown;
}

static bool is_shown(const struct thing *thing)
{
    return thing->shown != 0;
}

/* What a thing needs in a section: it is in one for what is held or in one for what is gone. */
struct section {
    const char *what, *which;
    bool takes_holder; /* a value behind the id */
    bool (*needs)(const struct thing *thing);
};

static const struct section for_held[] = {{"SADD", REDIS_MIRROR_SET, false, is_new},
                                          {"HSET", REDIS_MIRROR_HASH, true, is_other}};
static const struct section for_gone[] = {{"SREM", REDIS_MIRROR_SET, false, is_shown},
                                          {"HDEL", REDIS_MIRROR_HASH, false, is_shown}};

static void write_section(struct redis_mirror *mirror, const struct model *model,
                          const struct list *things, const struct section *section,
                          struct redis_command *command)
{
    struct slice name = {model->name, model->name_n};
    size_t n = 0;

    LIST_EACH (things, link)
        n += section->needs(LIST_ENTRY(link, struct thing, touched));
    if (n == 0)
        return;
    redis_command_begin(command, section->what, redis_mirror_key(mirror, section->which, name),
                        section->takes_holder ? 2 * n : n);
    LIST_EACH (things, link) {
        const struct thing *thing = LIST_ENTRY(link, struct thing, touched);
        if (!section->needs(thing))
            continue;
        redis_command_add(command, (struct slice){thing->id, thing->id_n});
        if (section->takes_holder)
            redis_command_add(command, (struct slice){redis_mirror_first_holder(thing)->op,
                                                      redis_mirror_first_holder(thing)->op_n});
    }
}

/* Puts the model into the set of models, or takes it out. */
static void list_model(struct redis_mirror *mirror, struct model *model, bool is_listed,
                       struct redis_command *command)
{
    if (model->is_listed == is_listed)
        return;
    model->is_listed = is_listed;
    redis_command_begin(command, is_listed ? "SADD" : "SREM",
                        redis_mirror_key(mirror, REDIS_MIRROR_MODELS, SLICE("")), 1);
    redis_command_add(command, (struct slice){model->name, model->name_n});
}

/* --- what is held ---------------------------------------------------------------------------- */

/* Moves up to n_max of a model's touched things that are held to `held`, and puts aside the others
 * that it meets; returns how many it moved. */
static size_t find_held(struct redis_mirror *mirror, struct model *model, struct list *held,
                        size_t n_max)
{
    size_t n = 0;

    for (struct list *link; n < n_max && (link = list_pop(&model->things)) != NULL;) {
        bool is_held = redis_mirror_first_holder(LIST_ENTRY(link, struct thing, touched)) != NULL;
        list_append(is_held ? held : &mirror->gone, link);
        n += is_held;
    }
    return n;
}

/* They are as Redis will show them. */
static void settle(struct redis_mirror *mirror, struct list *held)
{
    for (struct list *link; (link = list_pop(held)) != NULL; mirror->n_touched--) {
        struct thing *thing = LIST_ENTRY(link, struct thing, touched);
        thing->shown = redis_mirror_first_holder(thing)->ticket;
    }
}

size_t redis_mirror_write_held(struct redis_mirror *mirror, struct redis_command *command,
                               size_t n_max)
{
    size_t n = 0;

    for (struct list *link; n < n_max && (link = list_first(&mirror->touched)) != NULL;) {
        struct model *model = LIST_ENTRY(link, struct model, touched);
        struct list held = {0};
        size_t n_here = find_held(mirror, model, &held, n_max - n);
        if (n_here > 0)
            list_model(mirror, model, true, command);
        for (size_t i = 0; i < sizeof for_held / sizeof *for_held; i++)
            write_section(mirror, model, &held, &for_held[i], command);
        settle(mirror, &held);
        if (list_is_empty(&model->things))
            list_remove(&model->touched);
        n += n_here;
    }
    return n;
}

/* --- what is gone ---------------------------------------------------------------------------- */

/* Moves up to n_max things of a model, whose turn it is, to `gone`; returns how many. */
static size_t find_gone(struct redis_mirror *mirror, const struct model *model, struct list *gone,
                        size_t n_max)
{
    size_t n = 0;

    for (struct list *link; n < n_max && (link = list_first(&mirror->gone)) != NULL; n++) {
        if (LIST_ENTRY(link, struct thing, touched)->model != model)
            break;
        list_remove(link);
        list_append(gone, link);
    }
    return n;
}

static void forget(struct redis_mirror *mirror, struct list *gone)
{
    for (struct list *link; (link = list_pop(gone)) != NULL; mirror->n_touched--) {
        struct thing *thing = LIST_ENTRY(link, struct thing, touched);
        map_remove(&mirror->things, &thing->by_id);
        thing->model->n_things--;
        free(thing);
    }
}

size_t redis_mirror_write_gone(struct redis_mirror *mirror, struct redis_command *command,
                               size_t n_max)
{
    size_t n = 0;

    assert(list_is_empty(&mirror->touched));
    for (struct list *link; n < n_max && (link = list_first(&mirror->gone)) != NULL;) {
        struct model *model = LIST_ENTRY(link, struct thing, touched)->model;
        struct list gone = {0};
        n += find_gone(mirror, model, &gone, n_max - n);
        for (size_t i = 0; i < sizeof for_gone / sizeof *for_gone; i++)
            write_section(mirror, model, &gone, &for_gone[i], command);
        forget(mirror, &gone);
        if (model->n_things > 0)
            continue;
        list_model(mirror, model, false, command);
        map_remove(&mirror->models, &model->by_name);
        free(model);
    }
    return n;
}
