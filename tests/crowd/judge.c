/*
 * lockq-crowd-judge DIRECTORY REMEMBERED: replays what a crowd wrote, and says what cannot be.
 *
 * REMEMBERED is the daemon's setting: so many operations that ended may still be asked about.
 * The last line is of figures. Exits 1 when there is a violation.
 */
#include "judge.h"

#include <glob.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define TOLD_MAX 30

void violation(struct judge *judge, const char *format, ...)
{
    va_list arguments;

    if (judge->violations++ >= TOLD_MAX)
        return;
    fputs("violation: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void *judge_grow(void *array, size_t n, size_t size)
{
    void *grown = reallocarray(array, n, size);

    if (grown == NULL) {
        fputs("lockq-crowd-judge: no memory\n", stderr);
        exit(1);
    }
    return grown;
}

bool span_narrow(struct span *span, uint64_t lo, uint64_t hi)
{
    if (lo > span->hi || hi < span->lo)
        return false;
    if (lo > span->lo)
        span->lo = lo;
    if (hi < span->hi)
        span->hi = hi;
    return true;
}

bool op_meets(const struct op *a, const struct op *b)
{
    if (a->client % POOL_WORLDS != b->client % POOL_WORLDS)
        return false;
    return (a->meets_exclusive & (b->exclusive | b->shared)) != 0 ||
           (a->meets_any & b->exclusive) != 0;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Whether one is the other, or stands above it. */
static bool is_at_or_above(const char *above, const char *key)
{
    size_t n = strlen(above);

    return strcmp(above, "/") == 0 ||
           (strncmp(key, above, n) == 0 && (key[n] == '\0' || key[n] == '/'));
}

static void find_touches(struct judge *judge)
{
    for (int i = 0; i < POOL_KEYS; i++)
        for (int k = 0; k < POOL_KEYS; k++)
            if (is_at_or_above(pool_keys[i], pool_keys[k]) ||
                is_at_or_above(pool_keys[k], pool_keys[i]))
                judge->touches[i] |= UINT64_C(1) << k;
}

/* --- files ----------------------------------------------------------------------------------- */

struct input {
    FILE *file;
    struct history_record record;
    bool is_over;
};

static void next(struct input *input)
{
    input->is_over = fread(&input->record, sizeof input->record, 1, input->file) != 1;
}

/* An ask goes before what was heard in the same microsecond. */
static bool is_before(const struct input *a, const struct input *b)
{
    if (a->record.time_us != b->record.time_us)
        return a->record.time_us < b->record.time_us;
    return a->record.kind < b->record.kind;
}

static void merge(struct judge *judge, struct input *inputs, size_t n)
{
    while (true) {
        struct input *first = NULL;
        for (size_t i = 0; i < n; i++)
            if (!inputs[i].is_over && (first == NULL || is_before(&inputs[i], first)))
                first = &inputs[i];
        if (first == NULL)
            return;
        facts_take(judge, &first->record);
        next(first);
    }
}

static void read_all(struct judge *judge, const char *directory)
{
    char pattern[4096];
    struct input *inputs;
    glob_t found;

    snprintf(pattern, sizeof pattern, "%s/history.*", directory);
    if (glob(pattern, 0, NULL, &found) != 0) {
        fprintf(stderr, "lockq-crowd-judge: no history in %s\n", directory);
        exit(1);
    }
    inputs = judge_grow(NULL, found.gl_pathc, sizeof *inputs);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        inputs[i].file = fopen(found.gl_pathv[i], "re");
        if (inputs[i].file == NULL) {
            perror(found.gl_pathv[i]);
            exit(1);
        }
        next(&inputs[i]);
    }
    merge(judge, inputs, found.gl_pathc);
    for (size_t i = 0; i < found.gl_pathc; i++)
        fclose(inputs[i].file);
    free(inputs);
    globfree(&found);
}

static void destroy(struct judge *judge)
{
    for (int i = 0; i < HISTORY_CLIENTS; i++) {
        for (uint32_t k = 0; k < judge->clients[i].n_ops; k++)
            free(judge->clients[i].ops[k]);
        free(judge->clients[i].ops);
        free(judge->clients[i].lefts);
    }
    free(judge->ops);
    free(judge->reads);
    free(judge->writes);
    free(judge);
}

static void print_ends(const struct judge *judge)
{
    static const char *const names[] = {"", "released", "cancelled", "timeout", "expired", "lost"};
    uint64_t n[END_OTHER + 1] = {0};

    for (size_t i = 0; i < judge->n_ops; i++)
        n[judge->ops[i]->end]++;
    for (int end = END_RELEASED; end <= END_LOST; end++)
        printf(" %s=%" PRIu64, names[end], n[end]);
}

int main(int argc, char **argv)
{
    struct judge *judge = calloc(1, sizeof *judge);
    bool is_clean;

    if (judge == NULL || argc != 3) {
        fputs("usage: lockq-crowd-judge DIRECTORY REMEMBERED\n", stderr);
        free(judge);
        return 64;
    }
    judge->remembered = strtoull(argv[2], NULL, 10);
    find_touches(judge);
    read_all(judge, argv[1]);
    line_judge(judge);
    reads_judge(judge);
    things_judge(judge, argv[1]);
    printf("records=%" PRIu64 " operations=%" PRIu64 " grants=%" PRIu64, judge->records,
           judge->asked, judge->grants);
    print_ends(judge);
    printf(" pairs=%" PRIu64 " checks=%" PRIu64 " increments=%" PRIu64
           " old_tokens_refused=%" PRIu64 " violations=%" PRIu64 "\n",
           judge->compared, judge->counted_reads, judge->increments, judge->old_refused,
           judge->violations);
    is_clean = judge->violations == 0;
    destroy(judge);
    return is_clean ? 0 : 1;
}
