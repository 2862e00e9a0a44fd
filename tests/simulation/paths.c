#include "paths.h"

#include <string.h>

/* The plain ones come first: a small universe is a crowded one. The last is the root. */
const char *const path_texts[PATHS_COUNT] = {
    "A/1", "A/2", "B/1",   "A",   "B",   "A/3", "A/1/x", "A/1/y", "A/2/x",   "B/2", "B/3",
    "C/1", "C/2", "C/1/x", "D/1", "D/2", "C",   "D",     "B/1/x", "B/1/x/2", "E",   "/",
};

static uint32_t reach[PATHS_COUNT];
static size_t lengths[PATHS_COUNT];

static bool is_at_or_below(const char *path, const char *top)
{
    size_t n = strlen(top);

    if (strcmp(top, "/") == 0)
        return true;
    return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

void paths_init(void)
{
    for (int i = 0; i < PATHS_COUNT; i++)
        lengths[i] = strlen(path_texts[i]);
    for (int top = 0; top < PATHS_COUNT; top++)
        for (int path = 0; path < PATHS_COUNT; path++)
            if (is_at_or_below(path_texts[path], path_texts[top])) {
                reach[top] |= 1u << path;
                reach[path] |= 1u << top;
            }
}

uint32_t paths_reach(uint32_t set)
{
    uint32_t all = 0;

    for (; set != 0; set &= set - 1)
        all |= reach[__builtin_ctz(set)];
    return all;
}

uint32_t paths_find(const char *text, uint32_t n)
{
    for (int i = 0; i < PATHS_COUNT; i++)
        if (lengths[i] == n && memcmp(path_texts[i], text, n) == 0)
            return 1u << i;
    return 0;
}
