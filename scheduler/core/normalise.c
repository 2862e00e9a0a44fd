#include "core/core.h"

#include <stdlib.h>

#include "base/memory.h"
#include "core/sort.h"

#define FEW   16 /* sorted by insertion */
#define BYTES 7  /* of a path, compared as one number */

/* --- order --------------------------------------------------------------------------------- */

static void insert_each(struct core_key *keys, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct core_key key = keys[i];
        uint32_t to = i;
        for (; to > 0 && slice_compare(keys[to - 1].path, key.path) > 0; to--)
            keys[to] = keys[to - 1];
        keys[to] = key;
    }
}

static bool is_sorted(const struct core_key *keys, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (slice_compare(keys[i - 1].path, keys[i].path) > 0)
            return false;
    return true;
}

/* Bytes that all paths begin with, of which the first `from` are known to be such. */
static uint32_t common_bytes(const struct core_key *keys, uint32_t n, uint32_t from)
{
    uint32_t common = keys[0].path.n;

    for (uint32_t i = 1; i < n && common > from; i++) {
        uint32_t same = from;
        while (same < common && same < keys[i].path.n &&
               keys[i].path.at[same] == keys[0].path.at[same])
            same++;
        common = same;
    }
    return common;
}

/* The next bytes of a path, and how many there are, as a number of the same order: one that ends
 * comes before one that goes on with zeros. */
static uint64_t bytes_at(struct slice path, uint32_t from)
{
    uint32_t n = path.n - from < BYTES ? path.n - from : BYTES;
    uint64_t number = 0;

    for (uint32_t i = 0; i < BYTES; i++)
        number = number << 8 | (i < n ? (unsigned char)path.at[from + i] : 0);
    return number << 8 | n;
}

/* Sorts by the bytes after what all have in common. */
static void sort_by_bytes(struct core_key *keys, uint32_t n, uint32_t from)
{
    struct sort_item *items = memory_alloc(n * sizeof *items);
    struct core_key *copies = memory_alloc(n * sizeof *copies);

    memcpy(copies, keys, n * sizeof *copies);
    for (uint32_t i = 0; i < n; i++)
        items[i] = (struct sort_item){bytes_at(keys[i].path, from), &copies[i]};
    sort_items(items, n);
    for (uint32_t i = 0; i < n; i++)
        keys[i] = *(struct core_key *)items[i].of;
    free(copies);
    free(items);
}

/* Paths of one set tend to differ in a few bytes after a long common beginning, so comparing
 * numbers settles nearly everything; those that are still equal, and so have BYTES more in common
 * or are the same, go round again. */
static void sort_keys(struct core_key *keys, uint32_t n, uint32_t from)
{
    if (is_sorted(keys, n))
        return;
    if (n <= FEW) {
        insert_each(keys, n);
        return;
    }
    from = common_bytes(keys, n, from);
    sort_by_bytes(keys, n, from);
    for (uint32_t i = 0, end; i < n; i = end) {
        uint64_t number = bytes_at(keys[i].path, from);
        for (end = i + 1; end < n && bytes_at(keys[end].path, from) == number; end++)
            ;
        sort_keys(keys + i, end - i, from);
    }
}

/* --- what adds nothing --------------------------------------------------------------------- */

static uint32_t drop_doubles(struct core_key *keys, uint32_t n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (kept == 0 || !slice_equal(keys[kept - 1].path, keys[i].path))
            keys[kept++] = keys[i];
        else if (keys[i].mode == MODE_X)
            keys[kept - 1].mode = MODE_X;
    }
    return kept;
}

static bool begins_with(struct slice path, struct slice with)
{
    return path.n >= with.n && (with.n == 0 || memcmp(path.at, with.at, with.n) == 0);
}

/* `key` begins with `by`, and is longer. */
static bool is_covered(const struct core_key *key, const struct core_key *by)
{
    bool is_below = by->path.n == 0 || key->path.at[by->path.n] == '/';
    return is_below && (by->mode == MODE_X || key->mode == MODE_S);
}

/* In byte order the paths that begin with another one follow it without a gap. `open` is the stack
 * of the kept keys that the path at hand begins with; those above it are among them. */
static uint32_t drop_covered(struct core_key *keys, uint32_t n, uint32_t *open)
{
    uint32_t kept = 0, depth = 0;

    for (uint32_t i = 0; i < n; i++) {
        bool covered = false;
        while (depth > 0 && !begins_with(keys[i].path, keys[open[depth - 1]].path))
            depth--;
        for (uint32_t k = 0; k < depth && !covered; k++)
            covered = is_covered(&keys[i], &keys[open[k]]);
        if (covered)
            continue;
        keys[kept] = keys[i];
        open[depth++] = kept++;
    }
    return kept;
}

uint32_t core_sort_keys(struct core_key *keys, uint32_t n)
{
    sort_keys(keys, n, 0);
    return drop_doubles(keys, n);
}

uint32_t core_normalise(struct core_key *keys, uint32_t n)
{
    uint32_t few[FEW], *open;

    n = core_sort_keys(keys, n);
    if (n <= FEW)
        return drop_covered(keys, n, few);
    open = memory_alloc(n * sizeof *open);
    n = drop_covered(keys, n, open);
    free(open);
    return n;
}
