#include "owned.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

void owned_finish(struct owned *owned)
{
    tdestroy(owned->ids, free);
    owned->ids = NULL;
}

void owned_add(struct owned *owned, const char *op)
{
    if (tfind(op, &owned->ids, compare) == NULL &&
        tsearch(strdup(op), &owned->ids, compare) == NULL)
        abort();
}

void owned_remove(struct owned *owned, const char *op)
{
    char **found = tfind(op, &owned->ids, compare), *id;

    if (found == NULL)
        return;
    id = *found;
    tdelete(op, &owned->ids, compare);
    free(id);
}

bool owned_is_empty(const struct owned *owned)
{
    return owned->ids == NULL;
}
