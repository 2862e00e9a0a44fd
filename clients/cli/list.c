/*
 * The verbs that go through operations: ls, the line; history, those that have ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"
#include "table.h"

#define KEYS_SHOWN     3
#define HISTORY_USUAL  50
#define JSON_KEPT_MOST 1000000

/* Called for each record; false: no more are wanted. */
typedef bool record_visitor(const msgpack_object *record, void *context);

static struct lockq_params *list_params(const struct options *options, const char *const *states,
                                        size_t n_states, uint64_t after)
{
    struct lockq_params *params = lockq_params_new();

    lockq_put_texts(params, "state", states, n_states);
    lockq_put_uint(params, "after", after);
    lockq_put_uint(params, "limit", 1000);
    if (options->who != NULL)
        lockq_put_text(params, "who", options->who);
    if (options->key != NULL)
        lockq_put_text(params, "key", options->key);
    return params;
}

/* Goes through all operations in these states, page by page. */
static int each_record(struct lockq *lockq, const struct options *options,
                       const char *const *states, size_t n_states, record_visitor *visit,
                       void *context)
{
    uint64_t after = 0;

    for (;;) {
        struct lockq_params *params = list_params(options, states, n_states, after);
        const msgpack_object *result, *ops;
        int status = lockq_call(lockq, "list", params, CLI_ANSWER_MS, &result);
        lockq_params_free(params);
        if (status != LOCKQ_OK)
            return cli_fail(lockq, options, status);
        ops = lockq_field(result, "ops");
        if (ops == NULL || ops->type != MSGPACK_OBJECT_ARRAY)
            return cli_fail(lockq, options, LOCKQ_E_PROTOCOL);
        for (uint32_t i = 0; i < ops->via.array.size; i++)
            if (!visit(&ops->via.array.ptr[i], context))
                return CLI_DONE;
        after = cli_number(result, "next", 0);
        if (after == 0)
            return CLI_DONE;
    }
}

/* JSON lines, or one array of all; or of the last `most`, which are kept until the end is known. */
struct json_list {
    enum output output;
    uint64_t n, most; /* most 0: all */
    char **kept;      /* a ring of `most`; owned */
};

static void write_json(const struct json_list *list, bool is_first, const char *text)
{
    if (list->output == OUTPUT_JSON)
        fputs(is_first ? "[" : ",\n ", stdout);
    fputs(text, stdout);
    if (list->output == OUTPUT_JSONL)
        putchar('\n');
}

static bool visit_json(const msgpack_object *record, void *context)
{
    struct json_list *list = context;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    json_write(out, record);
    fclose(out);
    if (list->most == 0) {
        write_json(list, list->n == 0, text);
        free(text);
    } else {
        free(list->kept[list->n % list->most]);
        list->kept[list->n % list->most] = text;
    }
    list->n++;
    return true;
}

static int print_json(struct lockq *lockq, const struct options *options, const char *const *states,
                      size_t n_states)
{
    struct json_list list = {options->output, 0, options->limit, NULL};
    int code;

    if (list.most > JSON_KEPT_MOST)
        list.most = 0; /* there are never so many */
    if (list.most > 0)
        list.kept = calloc(list.most, sizeof *list.kept);
    code = each_record(lockq, options, states, n_states, visit_json, &list);
    for (uint64_t i = list.n > list.most ? list.n - list.most : 0, first = i;
         list.kept != NULL && i < list.n; i++) {
        write_json(&list, i == first, list.kept[i % list.most]);
        free(list.kept[i % list.most]);
    }
    free(list.kept);
    if (options->output == OUTPUT_JSON && (code == CLI_DONE || list.n > 0))
        puts(list.n == 0 ? "[]" : "]");
    return code;
}

/* "Project/25 Project/47 +998, shared: Task" */
static char *keys_of(const msgpack_object *record)
{
    static const char *const fields[] = {"keys", "shared"}, *const counts[] = {"n_keys",
                                                                               "n_shared"};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (int kind = 0; kind < 2; kind++) {
        const msgpack_object *keys = lockq_field(record, fields[kind]);
        uint64_t n = cli_number(record, counts[kind], 0);
        if (n == 0 || keys == NULL || keys->type != MSGPACK_OBJECT_ARRAY)
            continue;
        if (kind == 1)
            fputs(ftell(out) > 0 ? " shared:" : "shared:", out);
        for (uint32_t i = 0; i < keys->via.array.size && i < KEYS_SHOWN; i++) {
            char *key = cli_text_of(&keys->via.array.ptr[i]);
            fprintf(out, "%s%s", i > 0 || kind == 1 ? " " : "", key);
            free(key);
        }
        if (n > KEYS_SHOWN)
            fprintf(out, " +%" PRIu64, n - KEYS_SHOWN);
    }
    fclose(out);
    return text;
}

/* "import +2" */
static char *blocked_by(const msgpack_object *record)
{
    const msgpack_object *blockers = lockq_field(record, "blockers");
    uint64_t ahead = cli_number(record, "ahead", 0);
    char *first, *text;

    if (blockers == NULL || blockers->type != MSGPACK_OBJECT_ARRAY || blockers->via.array.size == 0)
        return strdup("");
    first = cli_text(&blockers->via.array.ptr[0], "op");
    if (ahead > 1) {
        if (asprintf(&text, "%s +%" PRIu64, first, ahead - 1) < 0)
            abort();
        free(first);
        return text;
    }
    return first;
}

static bool visit_line(const msgpack_object *record, void *context)
{
    struct table *table = context;
    char number[24], *state = cli_text(record, "state");
    bool is_granted = strcmp(state, "granted") == 0;
    uint64_t since = cli_number(record, is_granted ? "granted" : "submitted", 0);

    snprintf(number, sizeof number, "%" PRIu64, cli_number(record, "ticket", 0));
    table_add(table, 0, number);
    table_add_owned(table, 1, cli_text(record, "op"));
    table_add_owned(table, 2, state);
    table_add_age(table, 3, cli_wall_ms() - (int64_t)since);
    table_add_owned(table, 4, cli_text(record, "who"));
    table_add_owned(table, 5, cli_text(record, "why"));
    table_add_owned(table, 6, blocked_by(record));
    table_add_owned(table, 7, keys_of(record));
    return true;
}

/* "2 hold, 198 wait": for the one who looks at a terminal. */
static void say_how_many(const struct table *table)
{
    size_t waiting = 0;

    for (size_t row = 0; row < table->n_rows; row++)
        waiting += strcmp(table_cell(table, row, 2), "waiting") == 0;
    fprintf(stderr, "lockq: %zu hold, %zu wait%s\n", table->n_rows - waiting, waiting,
            waiting > 0 ? "; lockq explain OP tells what one of them waits for" : "");
}

int verb_ls(struct lockq *lockq, const struct options *options)
{
    static const struct column columns[] = {
        {"TICKET", CUT_NEVER}, {"OP", CUT_LAST},   {"STATE", CUT_NEVER},      {"AGE", CUT_NEVER},
        {"WHO", CUT_FIRST},    {"WHY", CUT_FIRST}, {"BLOCKED BY", CUT_FIRST}, {"KEYS", CUT_FIRST}};
    static const char *const usual[] = {"waiting", "granted"};
    const char *const *states = options->state != NULL ? &options->state : usual;
    size_t n_states = options->state != NULL ? 1 : 2;
    struct table table;
    int code;

    if (options->output != OUTPUT_TABLE)
        return print_json(lockq, options, states, n_states);
    table_init(&table, columns, 8);
    code = each_record(lockq, options, states, n_states, visit_line, &table);
    if (code == CLI_DONE && table.n_rows == 0)
        fputs("lockq: nobody holds or waits for anything\n", stderr);
    if (code == CLI_DONE || table.n_rows > 0)
        table_print(&table);
    if (isatty(STDOUT_FILENO) && table.n_rows > 0 && options->state == NULL)
        say_how_many(&table);
    table_finish(&table);
    return code;
}

static bool visit_ended(const msgpack_object *record, void *context)
{
    struct table *table = context;
    uint64_t submitted = cli_number(record, "submitted", 0), ended = cli_number(record, "ended", 0);
    uint64_t granted = cli_number(record, "granted", 0);
    char number[24], *outcome = cli_text(record, "outcome");

    if (outcome[0] == '\0') { /* then somebody's reason for ending it is what came of it */
        free(outcome);
        outcome = cli_text(record, "why_ended");
    }
    snprintf(number, sizeof number, "%" PRIu64, cli_number(record, "ticket", 0));
    table_add(table, 0, number);
    table_add_owned(table, 1, cli_text(record, "op"));
    table_add_owned(table, 2, cli_text(record, "end"));
    table_add_age(table, 3, (int64_t)((granted != 0 ? granted : ended) - submitted));
    if (granted != 0)
        table_add_age(table, 4, (int64_t)(ended - granted));
    else
        table_add(table, 4, "-");
    table_add_age(table, 5, cli_wall_ms() - (int64_t)ended);
    table_add_owned(table, 6, cli_text(record, "who"));
    table_add_owned(table, 7, cli_text(record, "why"));
    table_add_owned(table, 8, outcome);
    return true;
}

int verb_history(struct lockq *lockq, const struct options *options)
{
    static const struct column columns[] = {
        {"TICKET", CUT_NEVER}, {"OP", CUT_LAST},    {"END", CUT_NEVER},
        {"WAITED", CUT_NEVER}, {"HELD", CUT_NEVER}, {"AGO", CUT_NEVER},
        {"WHO", CUT_FIRST},    {"WHY", CUT_FIRST},  {"OUTCOME", CUT_FIRST}};
    static const char *const ended[] = {"ended"};
    struct table table;
    int code;

    if (options->output != OUTPUT_TABLE)
        return print_json(lockq, options, ended, 1);
    table_init(&table, columns, 9);
    code = each_record(lockq, options, ended, 1, visit_ended, &table);
    table_keep_last(&table, options->limit != 0 ? options->limit : HISTORY_USUAL);
    if (code == CLI_DONE && table.n_rows == 0)
        fputs("lockq: nothing that has ended is remembered\n", stderr);
    if (code == CLI_DONE || table.n_rows > 0)
        table_print(&table);
    table_finish(&table);
    return code;
}
