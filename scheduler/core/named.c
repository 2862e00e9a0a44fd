#include "core/named.h"

#include <assert.h>

static struct core_key key_named(const struct core *core, const struct core_op *op, uint32_t place)
{
    return (struct core_key){named_path(core, op, place), op->claims[place].named};
}

/* The order of a key against all keys below `path`: <0 before them, 0 one of them, >0 behind. */
static int compare_below(struct slice key, struct slice path)
{
    uint32_t n = key.n < path.n ? key.n : path.n;
    int order = n == 0 ? 0 : memcmp(key.at, path.at, n);

    if (order != 0 || path.n == 0)
        return order != 0 ? order : -(key.n == 0);
    if (key.n <= path.n)
        return -1;
    return (unsigned char)key.at[path.n] - '/';
}

uint32_t named_place(const struct core *core, const struct core_op *op, struct slice path)
{
    uint32_t low = 0, high = op->n_named;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slice_compare(named_path(core, op, middle), path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t named_place_below(const struct core *core, const struct core_op *op, struct slice path)
{
    uint32_t low = 0, high = op->n_named;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_below(named_path(core, op, middle), path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool named_is_below(const struct core *core, const struct core_op *op, uint32_t place,
                    struct slice path)
{
    return place < op->n_named && compare_below(named_path(core, op, place), path) == 0;
}

/* Whether the operation named exactly this key, in a mode that conflicts. */
static bool is_conflict_at(const struct core *core, const struct core_op *op, struct slice path,
                           enum mode mode, uint32_t *place)
{
    *place = named_place(core, op, path);
    assert(*place < op->n_named); /* what conflicts comes later */
    return slice_equal(named_path(core, op, *place), path) &&
           (mode == MODE_X || op->claims[*place].named == MODE_X);
}

/* From `place` on: the first key that conflicts with `mode`. If all keys are of one mode, each
 * does. */
static uint32_t next_conflict(const struct core_op *op, uint32_t place, enum mode mode)
{
    return mode == MODE_X || op->exclusive_from == NULL ? place : op->exclusive_from[place];
}

/* In byte order the keys above come first, then the key itself, then those below. */
struct core_key named_conflict(const struct core *core, const struct core_op *op, struct slice path,
                               enum mode mode)
{
    uint32_t place;

    for (uint32_t end = 0; end <= path.n; end++) {
        struct slice above = {path.at, end};
        if (end > 0 && end < path.n && path.at[end] != '/')
            continue;
        if (is_conflict_at(core, op, above, mode, &place))
            return key_named(core, op, place);
    }
    place = next_conflict(op, named_place_below(core, op, path), mode);
    assert(named_is_below(core, op, place, path));
    return key_named(core, op, place);
}

uint32_t core_op_keys(const struct core *core, const struct op *op, uint32_t first,
                      struct core_key *keys, uint32_t max)
{
    const struct core_op *of = op_of(op);
    uint32_t n = first < of->n_named ? of->n_named - first : 0;

    n = n < max ? n : max;
    for (uint32_t i = 0; i < n; i++)
        keys[i] = key_named(core, of, first + i);
    return n;
}

bool core_op_touches(const struct core *core, const struct op *op, struct slice path)
{
    const struct core_op *of = op_of(op);
    uint32_t place = named_place(core, of, path);

    if (place < of->n_named && slice_equal(named_path(core, of, place), path))
        return true;
    return named_is_below(core, of, named_place_below(core, of, path), path);
}
