/*
 * The verbs that tell all of one thing, field by field: show, an operation; stats, the daemon.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "json.h"
#include "line.h"
#include "text.h"

#define KEYS_SHOWN 10

/* --- fields for people ----------------------------------------------------------------------- */

static void print_time(const msgpack_object *value)
{
    time_t seconds = (time_t)(value->via.u64 / 1000);
    struct tm parts;
    char text[40], age[32];

    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", localtime_r(&seconds, &parts));
    text_age(cli_wall_ms() - (int64_t)value->via.u64, age, sizeof age);
    printf("%s (%s ago)", text, age);
}

static void print_duration(const msgpack_object *value)
{
    char text[32];

    text_age((int64_t)value->via.u64, text, sizeof text);
    fputs(text, stdout);
}

static void print_lease(const msgpack_object *value)
{
    if (value->via.u64 == 0)
        fputs("none: until released", stdout);
    else
        print_duration(value);
}

/* The first few; how many there are stands in n_keys. */
static void print_keys(const msgpack_object *value)
{
    const msgpack_object_array *keys = &value->via.array;

    for (uint32_t i = 0; i < keys->size && i < KEYS_SHOWN; i++) {
        char *key = cli_text_of(&keys->ptr[i]);
        printf("%s%s", i > 0 ? " " : "", key);
        free(key);
    }
    if (keys->size > KEYS_SHOWN)
        fputs(" ... (-o json tells all)", stdout);
}

static void print_blockers(const msgpack_object *value)
{
    for (uint32_t i = 0; i < value->via.array.size; i++) {
        if (i > 0)
            printf("\n%-12s ", "");
        line_write_blocker(stdout, &value->via.array.ptr[i]);
    }
}

/* How a field of a record is shown, if it has this type. */
static const struct {
    const char *name;
    msgpack_object_type type;
    void (*print)(const msgpack_object *value);
} shown_fields[] = {
    {"submitted", MSGPACK_OBJECT_POSITIVE_INTEGER, print_time},
    {"granted", MSGPACK_OBJECT_POSITIVE_INTEGER, print_time},
    {"ended", MSGPACK_OBJECT_POSITIVE_INTEGER, print_time},
    {"lease", MSGPACK_OBJECT_POSITIVE_INTEGER, print_lease},
    {"expires_in", MSGPACK_OBJECT_POSITIVE_INTEGER, print_duration},
    {"keys", MSGPACK_OBJECT_ARRAY, print_keys},
    {"shared", MSGPACK_OBJECT_ARRAY, print_keys},
    {"blockers", MSGPACK_OBJECT_ARRAY, print_blockers},
};

static void print_value(const msgpack_object *value)
{
    if (value->type == MSGPACK_OBJECT_STR) {
        char *text = cli_text_of(value);
        fputs(text, stdout);
        free(text);
    } else {
        json_write(stdout, value);
    }
}

static void print_field(const char *name, const msgpack_object *value)
{
    for (size_t i = 0; i < sizeof shown_fields / sizeof *shown_fields; i++) {
        if (strcmp(name, shown_fields[i].name) == 0 && value->type == shown_fields[i].type) {
            shown_fields[i].print(value);
            return;
        }
    }
    print_value(value);
}

/* --- show ------------------------------------------------------------------------------------ */

static int print_record(const msgpack_object *record)
{
    for (uint32_t i = 0; i < record->via.map.size; i++) {
        const msgpack_object_kv *pair = &record->via.map.ptr[i];
        char name[64];
        if (pair->val.type == MSGPACK_OBJECT_ARRAY && pair->val.via.array.size == 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)pair->key.via.str.size, pair->key.via.str.ptr);
        printf("%-12s ", name);
        print_field(name, &pair->val);
        putchar('\n');
    }
    return CLI_DONE;
}

/* All keys of one kind: the daemon gives the first 100 of each, and then those behind a key. */
struct all_keys {
    msgpack_zone zone; /* what they are copied into */
    msgpack_object *at;
    uint32_t n, cap;
};

static void add_key(struct all_keys *keys, const msgpack_object *key)
{
    char *bytes = msgpack_zone_malloc(&keys->zone, key->via.str.size + 1);

    if (keys->n == keys->cap) {
        keys->cap = keys->cap == 0 ? 1024 : keys->cap * 2;
        keys->at = realloc(keys->at, keys->cap * sizeof *keys->at);
    }
    if (bytes == NULL || keys->at == NULL)
        abort();
    memcpy(bytes, key->via.str.ptr, key->via.str.size);
    keys->at[keys->n] = *key;
    keys->at[keys->n++].via.str.ptr = bytes;
}

static int find_keys(struct lockq *lockq, const char *op, const char *field, uint64_t n,
                     struct all_keys *keys)
{
    while (keys->n < n) {
        struct lockq_params *params = lockq_params_new();
        const msgpack_object *result, *page;
        int status;
        lockq_put_text(params, "op", op);
        if (keys->n > 0)
            lockq_put_bytes(params, "after_key", keys->at[keys->n - 1].via.str.ptr,
                            keys->at[keys->n - 1].via.str.size);
        status = lockq_call(lockq, "status", params, CLI_ANSWER_MS, &result);
        lockq_params_free(params);
        if (status != LOCKQ_OK)
            return status;
        page = lockq_field(result, field);
        if (page == NULL || page->type != MSGPACK_OBJECT_ARRAY || page->via.array.size == 0)
            break; /* it has ended or given some back meanwhile */
        for (uint32_t i = 0; i < page->via.array.size; i++)
            add_key(keys, &page->via.array.ptr[i]);
    }
    return LOCKQ_OK;
}

/* The record with all its keys, as JSON. */
static void print_whole(const msgpack_object *record, const struct all_keys all[2])
{
    static const char *const fields[] = {"keys", "shared"};
    msgpack_object whole = *record;
    size_t size = record->via.map.size * sizeof *record->via.map.ptr;

    whole.via.map.ptr = malloc(size);
    if (whole.via.map.ptr == NULL)
        abort();
    memcpy(whole.via.map.ptr, record->via.map.ptr, size);
    for (uint32_t i = 0; i < whole.via.map.size; i++) {
        msgpack_object_kv *pair = &whole.via.map.ptr[i];
        for (int kind = 0; kind < 2; kind++) {
            if (all[kind].n == 0 || pair->key.via.str.size != strlen(fields[kind]) ||
                memcmp(pair->key.via.str.ptr, fields[kind], strlen(fields[kind])) != 0)
                continue;
            pair->val.via.array.ptr = all[kind].at;
            pair->val.via.array.size = all[kind].n;
        }
    }
    cli_json(&whole);
    free(whole.via.map.ptr);
}

static int show_whole(struct lockq *lockq, const struct options *options,
                      const struct lockq_params *params, const msgpack_object *record)
{
    const char *op = options->operands.at[0];
    uint64_t n_keys = cli_number(record, "n_keys", 0), n_shared = cli_number(record, "n_shared", 0);
    struct all_keys all[2] = {{.n = 0}, {.n = 0}};
    int status;

    msgpack_zone_init(&all[0].zone, 65536);
    msgpack_zone_init(&all[1].zone, 65536);
    status = find_keys(lockq, op, "keys", n_keys, &all[0]);
    if (status == LOCKQ_OK)
        status = find_keys(lockq, op, "shared", n_shared, &all[1]);
    if (status == LOCKQ_OK)
        status = lockq_call(lockq, "status", params, CLI_ANSWER_MS, &record);
    if (status == LOCKQ_OK)
        print_whole(record, all);
    for (int kind = 0; kind < 2; kind++) {
        free(all[kind].at);
        msgpack_zone_destroy(&all[kind].zone);
    }
    return status == LOCKQ_OK ? CLI_DONE : cli_fail(lockq, options, status);
}

int verb_show(struct lockq *lockq, const struct options *options)
{
    struct lockq_params *params = lockq_params_new();
    const msgpack_object *record;
    int status, code;

    lockq_put_text(params, "op", options->operands.at[0]);
    status = lockq_call(lockq, "status", params, CLI_ANSWER_MS, &record);
    if (status != LOCKQ_OK)
        code = cli_fail(lockq, options, status);
    else if (options->output != OUTPUT_TABLE)
        code = show_whole(lockq, options, params, record);
    else
        code = print_record(record);
    lockq_params_free(params);
    return code;
}

/* --- stats ----------------------------------------------------------------------------------- */

int verb_stats(struct lockq *lockq, const struct options *options)
{
    const msgpack_object *result;
    int status = lockq_call(lockq, "stats", NULL, CLI_ANSWER_MS, &result), width = 0;

    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE || result->type != MSGPACK_OBJECT_MAP) {
        cli_json(result);
        return CLI_DONE;
    }
    for (uint32_t i = 0; i < result->via.map.size; i++) {
        int n = (int)result->via.map.ptr[i].key.via.str.size;
        width = n > width ? n : width;
    }
    for (uint32_t i = 0; i < result->via.map.size; i++) {
        const msgpack_object_kv *pair = &result->via.map.ptr[i];
        printf("%-*.*s ", width, (int)pair->key.via.str.size, pair->key.via.str.ptr);
        print_value(&pair->val);
        putchar('\n');
    }
    return CLI_DONE;
}
