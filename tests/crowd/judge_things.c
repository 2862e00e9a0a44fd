/*
 * Things: the counters have every increment, the registers have never gone back to an old token.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "judge.h"
#include "resource.h"

static int by_version(const void *a, const void *b)
{
    const struct write *p = a, *q = b;

    if (p->cell != q->cell)
        return p->cell < q->cell ? -1 : 1;
    return p->version < q->version ? -1 : p->version > q->version;
}

static void judge_writes(struct judge *judge)
{
    const struct write *writes = judge->writes;

    if (judge->n_writes == 0)
        return;
    qsort(judge->writes, judge->n_writes, sizeof *writes, by_version);
    for (size_t i = 1; i < judge->n_writes; i++) {
        if (writes[i].cell != writes[i - 1].cell)
            continue;
        if (writes[i].version != writes[i - 1].version + 1)
            violation(judge, "register %u: version %" PRIu64 " came after %" PRIu64, writes[i].cell,
                      writes[i].version, writes[i - 1].version);
        if (writes[i].token < writes[i - 1].token)
            violation(judge, "register %u took the old token %" PRIu64, writes[i].cell,
                      writes[i].token);
    }
}

static void judge_counters(struct judge *judge, const char *directory)
{
    uint64_t counters[RESOURCE_CELLS];
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/counters", directory);
    file = fopen(path, "re");
    if (file == NULL || fread(counters, sizeof counters, 1, file) != 1) {
        perror(path);
        exit(1);
    }
    fclose(file);
    for (int i = 0; i < RESOURCE_CELLS; i++)
        if (counters[i] != judge->counts[i])
            violation(judge, "counter %d is %" PRIu64 ", but was incremented %" PRIu64 " times", i,
                      counters[i], judge->counts[i]);
}

void things_judge(struct judge *judge, const char *directory)
{
    judge_writes(judge);
    judge_counters(judge, directory);
}
