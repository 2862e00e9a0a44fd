/*
 * The verbs that look at keys and at the daemon: check, ping.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "table.h"

static void print_locked(const msgpack_object *result)
{
    static const struct column columns[] = {
        {"KEY", CUT_FIRST},   {"HELD", CUT_FIRST}, {"OP", CUT_LAST},    {"MODE", CUT_NEVER},
        {"STATE", CUT_NEVER}, {"HOLD", CUT_NEVER}, {"WAIT", CUT_NEVER}, {"FOR", CUT_NEVER},
        {"WHO", CUT_FIRST},   {"WHY", CUT_FIRST}};
    const msgpack_object *locked = lockq_field(result, "locked"), *ops = lockq_field(result, "ops");
    struct table table;

    table_init(&table, columns, 10);
    for (uint32_t i = 0; i < locked->via.array.size; i++) {
        const msgpack_object *row = locked->via.array.ptr[i].via.array.ptr, *op;
        char *id = cli_text_of(&row[2]), number[24];
        char raw[LOCKQ_ID_SIZE];
        snprintf(raw, sizeof raw, "%.*s", (int)row[2].via.str.size, row[2].via.str.ptr);
        op = lockq_field(ops, raw);
        table_add_owned(&table, 0, cli_text_of(&row[0]));
        table_add_owned(&table, 1, cli_text_of(&row[1]));
        table_add_owned(&table, 2, id);
        table_add_owned(&table, 3, cli_text_of(&row[3]));
        table_add_owned(&table, 4, cli_text_of(&row[4]));
        for (int k = 5; k <= 6; k++) {
            snprintf(number, sizeof number, "%" PRIu64, row[k].via.u64);
            table_add(&table, k, number);
        }
        table_add_age(&table, 7, cli_wall_ms() - (int64_t)cli_number(op, "since", 0));
        table_add_owned(&table, 8, cli_text(op, "who"));
        table_add_owned(&table, 9, cli_text(op, "why"));
    }
    table_print(&table);
    table_finish(&table);
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
