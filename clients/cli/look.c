/*
 * The verbs that look: check, ls, show, history, stats, ping.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "json.h"
#include "table.h"
#include "text.h"

#define KEYS_SHOWN    3
#define HISTORY_USUAL 50

static void add_owned(struct table *table, int column, char *text)
{
    table_add(table, column, text[0] == '\0' ? "-" : text);
    free(text);
}

static void add_age(struct table *table, int column, int64_t ms)
{
    char age[32];
    text_age(ms, age, sizeof age);
    table_add(table, column, age);
}

static char *text_of(const msgpack_object *text)
{
    return text->type == MSGPACK_OBJECT_STR ? text_escape(text->via.str.ptr, text->via.str.size)
                                            : strdup("");
}

/* --- check ----------------------------------------------------------------------------------- */

static void print_locked(const msgpack_object *result)
{
    static const char *const headings[] = {"KEY",     "HELD",    "OP",  "MODE", "STATE",
                                           "HOLDERS", "WAITING", "FOR", "WHO",  "WHY"};
    const msgpack_object *locked = lockq_field(result, "locked"), *ops = lockq_field(result, "ops");
    struct table table;

    table_init(&table, headings, 10);
    for (uint32_t i = 0; i < locked->via.array.size; i++) {
        const msgpack_object *row = locked->via.array.ptr[i].via.array.ptr, *op;
        char *id = text_of(&row[2]), number[24];
        char raw[LOCKQ_ID_SIZE];
        snprintf(raw, sizeof raw, "%.*s", (int)row[2].via.str.size, row[2].via.str.ptr);
        op = lockq_field(ops, raw);
        add_owned(&table, 0, text_of(&row[0]));
        add_owned(&table, 1, text_of(&row[1]));
        add_owned(&table, 2, id);
        add_owned(&table, 3, text_of(&row[3]));
        add_owned(&table, 4, text_of(&row[4]));
        for (int k = 5; k <= 6; k++) {
            snprintf(number, sizeof number, "%" PRIu64, row[k].via.u64);
            table_add(&table, k, number);
        }
        add_age(&table, 7, cli_wall_ms() - (int64_t)cli_number(op, "since", 0));
        add_owned(&table, 8, cli_text(op, "who"));
        add_owned(&table, 9, cli_text(op, "why"));
    }
    table_print(&table);
}

int verb_check(struct lockq *lockq, const struct options *options)
{
    struct lockq_params *params;
    const msgpack_object *result, *locked;
    int status;

    params = lockq_params_new();
    lockq_put_texts(params, "keys", (const char *const *)options->operands.at, options->operands.n);
    status = lockq_call(lockq, "check", params, CLI_ANSWER_MS, &result);
    lockq_params_free(params);
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    locked = lockq_field(result, "locked");
    if (locked == NULL || locked->type != MSGPACK_OBJECT_ARRAY)
        return cli_fail(lockq, options, LOCKQ_E_PROTOCOL);
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else if (locked->via.array.size > 0)
        print_locked(result);
    else
        puts("free");
    return locked->via.array.size == 0 ? CLI_DONE : CLI_NO;
}

/* --- lists ----------------------------------------------------------------------------------- */

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

/* JSON lines, or one array of all. */
struct json_list {
    enum output output;
    uint64_t n;
};

static bool visit_json(const msgpack_object *record, void *context)
{
    struct json_list *list = context;

    if (list->output == OUTPUT_JSON)
        fputs(list->n == 0 ? "[" : ",\n ", stdout);
    list->n++;
    json_write(stdout, record);
    if (list->output == OUTPUT_JSONL)
        putchar('\n');
    return true;
}

static void end_json(const struct json_list *list)
{
    if (list->output == OUTPUT_JSON)
        puts(list->n == 0 ? "[]" : "]");
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
            char *key = text_of(&keys->via.array.ptr[i]);
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
    add_owned(table, 1, cli_text(record, "op"));
    add_owned(table, 2, state);
    add_age(table, 3, cli_wall_ms() - (int64_t)since);
    add_owned(table, 4, cli_text(record, "who"));
    add_owned(table, 5, cli_text(record, "why"));
    add_owned(table, 6, blocked_by(record));
    add_owned(table, 7, keys_of(record));
    return true;
}

int verb_ls(struct lockq *lockq, const struct options *options)
{
    static const char *const headings[] = {"TICKET", "OP",  "STATE",      "AGE",
                                           "WHO",    "WHY", "BLOCKED BY", "KEYS"};
    static const char *const usual[] = {"waiting", "granted"};
    const char *const *states = options->state != NULL ? &options->state : usual;
    size_t n_states = options->state != NULL ? 1 : 2;
    struct json_list json = {options->output, 0};
    struct table table;
    int code;

    if (options->output != OUTPUT_TABLE) {
        code = each_record(lockq, options, states, n_states, visit_json, &json);
        if (code == CLI_DONE || json.n > 0)
            end_json(&json);
        return code;
    }
    table_init(&table, headings, 8);
    code = each_record(lockq, options, states, n_states, visit_line, &table);
    if (code == CLI_DONE && table.n_rows == 0)
        fputs("lockq: nobody holds or waits for anything\n", stderr);
    if (code == CLI_DONE || table.n_rows > 0)
        table_print(&table);
    return code;
}

static bool visit_ended(const msgpack_object *record, void *context)
{
    struct table *table = context;
    uint64_t submitted = cli_number(record, "submitted", 0), ended = cli_number(record, "ended", 0);
    uint64_t granted = cli_number(record, "granted", 0);
    char number[24];

    snprintf(number, sizeof number, "%" PRIu64, cli_number(record, "ticket", 0));
    table_add(table, 0, number);
    add_owned(table, 1, cli_text(record, "op"));
    add_owned(table, 2, cli_text(record, "end"));
    add_age(table, 3, (int64_t)((granted != 0 ? granted : ended) - submitted));
    if (granted != 0)
        add_age(table, 4, (int64_t)(ended - granted));
    else
        table_add(table, 4, "-");
    add_age(table, 5, cli_wall_ms() - (int64_t)ended);
    add_owned(table, 6, cli_text(record, "who"));
    add_owned(table, 7, cli_text(record, "why"));
    add_owned(table, 8, cli_text(record, "outcome"));
    return true;
}

/* The rows before the last `most` go. */
static void keep_last(struct table *table, size_t most)
{
    size_t gone = table->n_rows > most ? (table->n_rows - most) * (size_t)table->n_columns : 0;

    for (size_t i = 0; i < gone; i++)
        free(table->cells[i]);
    table->n_rows = table->n_rows > most ? most : table->n_rows;
    memmove(table->cells, table->cells + gone,
            table->n_rows * (size_t)table->n_columns * sizeof *table->cells);
}

int verb_history(struct lockq *lockq, const struct options *options)
{
    static const char *const headings[] = {"TICKET", "OP",  "END", "WAITED", "HELD",
                                           "AGO",    "WHO", "WHY", "OUTCOME"};
    static const char *const ended[] = {"ended"};
    struct json_list json = {options->output, 0};
    struct table table;
    int code;

    if (options->output != OUTPUT_TABLE) {
        code = each_record(lockq, options, ended, 1, visit_json, &json);
        if (code == CLI_DONE || json.n > 0)
            end_json(&json);
        return code;
    }
    table_init(&table, headings, 9);
    code = each_record(lockq, options, ended, 1, visit_ended, &table);
    if (table.n_rows > 0)
        keep_last(&table, options->limit != 0 ? options->limit : HISTORY_USUAL);
    if (code == CLI_DONE || table.n_rows > 0)
        table_print(&table);
    return code;
}

/* --- one operation, the daemon --------------------------------------------------------------- */

static void print_time(uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    char text[40], age[32];

    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", localtime_r(&seconds, &parts));
    text_age(cli_wall_ms() - (int64_t)wall_ms, age, sizeof age);
    printf("%s (%s ago)", text, age);
}

static void print_value(const msgpack_object *value)
{
    if (value->type == MSGPACK_OBJECT_STR) {
        char *text = text_of(value);
        fputs(text, stdout);
        free(text);
    } else {
        json_write(stdout, value);
    }
}

/* The fields of a record that are times; in `stats` names like these are counters. */
static bool is_time(const char *name)
{
    return strcmp(name, "submitted") == 0 || strcmp(name, "granted") == 0 ||
           strcmp(name, "ended") == 0;
}

static void print_map(const msgpack_object *map, bool is_record)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        char name[600];
        snprintf(name, sizeof name, "%.*s", (int)pair->key.via.str.size, pair->key.via.str.ptr);
        printf("%-12s ", name);
        if (is_record && is_time(name) && pair->val.type == MSGPACK_OBJECT_POSITIVE_INTEGER)
            print_time(pair->val.via.u64);
        else
            print_value(&pair->val);
        putchar('\n');
    }
}

static int call_and_print(struct lockq *lockq, const struct options *options, const char *method,
                          const struct lockq_params *params, bool is_record)
{
    const msgpack_object *result;
    int status = lockq_call(lockq, method, params, CLI_ANSWER_MS, &result);

    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else if (result->type == MSGPACK_OBJECT_MAP)
        print_map(result, is_record);
    return CLI_DONE;
}

int verb_show(struct lockq *lockq, const struct options *options)
{
    struct lockq_params *params;
    int code;

    params = lockq_params_new();
    lockq_put_text(params, "op", options->operands.at[0]);
    code = call_and_print(lockq, options, "status", params, true);
    lockq_params_free(params);
    return code;
}

int verb_stats(struct lockq *lockq, const struct options *options)
{
    return call_and_print(lockq, options, "stats", NULL, false);
}

int verb_ping(struct lockq *lockq, const struct options *options)
{
    const msgpack_object *result;
    int status = lockq_call(lockq, "ping", NULL, CLI_ANSWER_MS, &result);

    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else
        printf("%s answers, seq %" PRIu64 "\n", lockq_address(lockq), cli_number(result, "seq", 0));
    return CLI_DONE;
}
