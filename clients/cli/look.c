/*
 * The verbs that look at keys and at the daemon: check, ping.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "table.h"

#define KEYS_AT_ONCE 10000 /* what the daemon takes unless it is set lower */

static void add_row(struct table *table, const msgpack_object *row, const msgpack_object *ops)
{
    char raw[LOCKQ_ID_SIZE], number[24];
    const msgpack_object *op;

    snprintf(raw, sizeof raw, "%.*s", (int)row[2].via.str.size, row[2].via.str.ptr);
    op = lockq_field(ops, raw);
    for (int i = 0; i <= 4; i++)
        table_add_owned(table, i, cli_text_of(&row[i]));
    for (int i = 5; i <= 6; i++) {
        snprintf(number, sizeof number, "%" PRIu64, row[i].via.u64);
        table_add(table, i, number);
    }
    table_add_age(table, 7, cli_wall_ms() - (int64_t)cli_number(op, "since", 0));
    table_add_owned(table, 8, cli_text(op, "who"));
    table_add_owned(table, 9, cli_text(op, "why"));
}

/* Asks about the keys from `first` on, as many as one request may have. */
static int ask(struct lockq *lockq, const struct options *options, size_t first,
               const msgpack_object **result)
{
    struct lockq_params *params = lockq_params_new();
    size_t n = options->operands.n - first;
    int status;

    lockq_put_texts(params, "keys", (const char *const *)options->operands.at + first,
                    n < KEYS_AT_ONCE ? n : KEYS_AT_ONCE);
    status = lockq_call(lockq, "check", params, CLI_ANSWER_MS, result);
    lockq_params_free(params);
    return status;
}

static const msgpack_object_array *locked_of(const msgpack_object *result)
{
    const msgpack_object *locked = lockq_field(result, "locked");

    return locked != NULL && locked->type == MSGPACK_OBJECT_ARRAY ? &locked->via.array : NULL;
}

static int check_as_json(struct lockq *lockq, const struct options *options)
{
    const msgpack_object *result;
    int status;

    if (options->operands.n > KEYS_AT_ONCE)
        return cli_usage("one JSON document is one answer, of at most %d keys", KEYS_AT_ONCE);
    status = ask(lockq, options, 0, &result);
    if (status == LOCKQ_OK && locked_of(result) == NULL)
        status = LOCKQ_E_PROTOCOL;
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    cli_json(result);
    return locked_of(result)->size == 0 ? CLI_DONE : CLI_NO;
}

int verb_check(struct lockq *lockq, const struct options *options)
{
    static const struct column columns[] = {
        {"KEY", CUT_FIRST},   {"HELD", CUT_FIRST}, {"OP", CUT_LAST},    {"MODE", CUT_NEVER},
        {"STATE", CUT_NEVER}, {"HOLD", CUT_NEVER}, {"WAIT", CUT_NEVER}, {"FOR", CUT_NEVER},
        {"WHO", CUT_FIRST},   {"WHY", CUT_FIRST}};
    struct table table;
    int status = LOCKQ_OK;
    size_t n_rows;

    if (options->output != OUTPUT_TABLE)
        return check_as_json(lockq, options);
    table_init(&table, columns, 10);
    for (size_t i = 0; i < options->operands.n && status == LOCKQ_OK;) {
        const msgpack_object *result;
        const msgpack_object_array *locked = NULL;
        status = ask(lockq, options, i, &result);
        if (status == LOCKQ_OK && (locked = locked_of(result)) == NULL)
            status = LOCKQ_E_PROTOCOL;
        if (status != LOCKQ_OK)
            break;
        for (uint32_t row = 0; row < locked->size; row++)
            add_row(&table, locked->ptr[row].via.array.ptr, lockq_field(result, "ops"));
        /* A long answer stops before the last key, and says behind which. */
        i += cli_number(result, "done", KEYS_AT_ONCE);
    }
    n_rows = table.n_rows;
    if (n_rows > 0)
        table_print(&table);
    else if (status == LOCKQ_OK)
        puts("free");
    table_finish(&table);
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    return n_rows == 0 ? CLI_DONE : CLI_NO;
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
