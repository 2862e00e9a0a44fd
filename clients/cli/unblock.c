/*
 * The verbs of those who look after the daemon: kill, drain, undrain.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "text.h"

#define GAIN_SHOWN    10  /* operations that are told to gain */
#define LOOK_EVERY_MS 200 /* while it drains */
#define PAGE          1000

static int call_op(struct lockq *lockq, const char *method, const char *op, const char *why,
                   const msgpack_object **result)
{
    struct lockq_params *params = lockq_params_new();
    int status;

    lockq_put_text(params, "op", op);
    if (why != NULL)
        lockq_put_text(params, "why", why);
    status = lockq_call(lockq, method, params, CLI_ANSWER_MS, result);
    lockq_params_free(params);
    return status;
}

/* --- kill ------------------------------------------------------------------------------------ */

static char *first_key(const msgpack_object *record)
{
    const msgpack_object *keys = lockq_field(record, "keys");

    if (keys == NULL || keys->type != MSGPACK_OBJECT_ARRAY || keys->via.array.size == 0)
        keys = lockq_field(record, "shared");
    return cli_text_of(keys != NULL && keys->type == MSGPACK_OBJECT_ARRAY &&
                               keys->via.array.size > 0
                           ? &keys->via.array.ptr[0]
                           : NULL);
}

/* "bulk, granted for 12 m, of uid:1000: nightly import; Project/25 +2" */
static void say_who_loses(const msgpack_object *record)
{
    char *op = cli_text(record, "op"), *state = cli_text(record, "state");
    char *who = cli_text(record, "who"), *why = cli_text(record, "why"), age[32];
    uint64_t children = cli_number(record, "children", 0);
    uint64_t n = cli_number(record, "n_keys", 0) + cli_number(record, "n_shared", 0);
    char *key = first_key(record);
    uint64_t since = cli_number(record, state[0] == 'g' ? "granted" : "submitted", 0);

    text_age(cli_wall_ms() - (int64_t)since, age, sizeof age);
    fprintf(stderr, "lockq: loses: %s, %s for %s, of %s%s%s; %s", op, state, age, who,
            why[0] != '\0' ? ": " : "", why, key);
    if (n > 1)
        fprintf(stderr, " +%" PRIu64, n - 1);
    if (children > 0)
        fprintf(stderr, "; and its %" PRIu64 " %s", children, children == 1 ? "child" : "children");
    fputc('\n', stderr);
    free(op);
    free(state);
    free(who);
    free(why);
    free(key);
}

static bool is_blocked_by(const msgpack_object *record, const char *op)
{
    const msgpack_object *blockers = lockq_field(record, "blockers"), *id;

    if (blockers == NULL || blockers->type != MSGPACK_OBJECT_ARRAY)
        return false;
    for (uint32_t i = 0; i < blockers->via.array.size; i++) {
        id = lockq_field(&blockers->via.array.ptr[i], "op");
        if (id != NULL && id->via.str.size == strlen(op) &&
            memcmp(id->via.str.ptr, op, id->via.str.size) == 0)
            return true;
    }
    return false;
}

/* Those that wait for it. */
struct waiting {
    struct texts ids;
    size_t n_gain;   /* of them wait for nothing else: they would be granted */
    bool is_partial; /* more than a page wait, and not all were looked at */
};

static void say_would_gain(const msgpack_object *record)
{
    char *op = cli_text(record, "op"), *who = cli_text(record, "who"),
         *why = cli_text(record, "why");

    fprintf(stderr, "lockq: would gain: %s, of %s%s%s\n", op, who, why[0] != '\0' ? ": " : "", why);
    free(op);
    free(who);
    free(why);
}

/* Looks at the first page of the line; `tells` who would gain. */
static void find_waiting(struct lockq *lockq, const char *op, bool tells, struct waiting *waiting)
{
    static const char *const states[] = {"waiting"};
    struct lockq_params *params = lockq_params_new();
    const msgpack_object *result, *ops;
    int status;

    lockq_put_texts(params, "state", states, 1);
    lockq_put_uint(params, "limit", PAGE);
    status = lockq_call(lockq, "list", params, CLI_ANSWER_MS, &result);
    lockq_params_free(params);
    ops = status == LOCKQ_OK ? lockq_field(result, "ops") : NULL;
    if (ops == NULL || ops->type != MSGPACK_OBJECT_ARRAY)
        return;
    waiting->is_partial = lockq_field(result, "next") != NULL;
    for (uint32_t i = 0; i < ops->via.array.size; i++) {
        const msgpack_object *record = &ops->via.array.ptr[i], *id = lockq_field(record, "op");
        char text[LOCKQ_ID_SIZE];
        if (!is_blocked_by(record, op))
            continue;
        snprintf(text, sizeof text, "%.*s", (int)id->via.str.size, id->via.str.ptr);
        texts_add(&waiting->ids, text);
        if (cli_number(record, "ahead", 0) == 1 && ++waiting->n_gain <= GAIN_SHOWN && tells)
            say_would_gain(record);
    }
}

static bool is_meant(const char *op, const struct waiting *waiting)
{
    char answer[16];

    fprintf(stderr, "lockq: %zu%s wait%s for it. Kill %s? [y/N] ", waiting->ids.n,
            waiting->is_partial ? " or more" : "", waiting->ids.n == 1 ? "s" : "", op);
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

static void say_who_gains(struct lockq *lockq, const struct texts *waiting)
{
    size_t n = waiting->n < GAIN_SHOWN ? waiting->n : GAIN_SHOWN;

    for (size_t i = 0; i < n; i++) {
        const msgpack_object *record;
        char *state, *who, *why;
        if (call_op(lockq, "status", waiting->at[i], NULL, &record) != LOCKQ_OK)
            continue;
        state = cli_text(record, "state");
        who = cli_text(record, "who");
        why = cli_text(record, "why");
        /* One that has been granted since may have ended already. */
        fprintf(stderr, "lockq: %s: %s, of %s%s%s\n",
                lockq_field(record, "granted") != NULL ? "gains"
                : state[0] == 'w'                      ? "still waits"
                                                       : "waits no more",
                waiting->at[i], who, why[0] != '\0' ? ": " : "", why);
        free(state);
        free(who);
        free(why);
    }
    if (waiting->n > n)
        fprintf(stderr, "lockq: and %zu more waited for it\n", waiting->n - n);
}

static int kill_op(struct lockq *lockq, const struct options *options, const char *op,
                   const struct texts *waiting)
{
    const msgpack_object *result;
    int status = call_op(lockq, "kill", op, options->why, &result);

    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else
        printf("%s killed\n", op);
    say_who_gains(lockq, waiting);
    return CLI_DONE;
}

int verb_kill(struct lockq *lockq, const struct options *options)
{
    bool asks = !options->yes && isatty(STDIN_FILENO);
    struct waiting waiting = {.n_gain = 0};
    const msgpack_object *record;
    const char *op = options->operands.at[0];
    bool is_live;
    int status, code;

    if (options->why == NULL)
        return cli_usage("kill needs --why TEXT: whoever loses it will read it");
    status = call_op(lockq, "status", op, NULL, &record);
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    /* One that has ended loses nothing: the daemon says how it ended. */
    is_live = lockq_field(record, "ended") == NULL;
    if (is_live) {
        say_who_loses(record);
        find_waiting(lockq, op, asks, &waiting);
    }
    if (is_live && asks && !is_meant(op, &waiting)) {
        fputs("lockq: left alone\n", stderr);
        code = CLI_NO;
    } else {
        code = kill_op(lockq, options, op, &waiting.ids);
    }
    for (size_t i = 0; i < waiting.ids.n; i++)
        free(waiting.ids.at[i]);
    free(waiting.ids.at);
    return code;
}

/* --- drain ----------------------------------------------------------------------------------- */

static int set_drain(struct lockq *lockq, bool on, const msgpack_object **result)
{
    struct lockq_params *params = lockq_params_new();
    int status;

    lockq_put_bool(params, "on", on);
    status = lockq_call(lockq, "drain", params, CLI_ANSWER_MS, result);
    lockq_params_free(params);
    return status;
}

static int print_drain(const struct options *options, const msgpack_object *result, bool on)
{
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else
        printf("%s, %" PRIu64 " live\n", on ? "draining" : "takes new operations",
               cli_number(result, "live", 0));
    return CLI_DONE;
}

int verb_drain(struct lockq *lockq, const struct options *options)
{
    static const struct timespec pause = {0, LOOK_EVERY_MS * 1000000L};
    uint64_t live = UINT64_MAX, told;
    const msgpack_object *result;
    int status;

    for (;;) {
        status = set_drain(lockq, true, &result);
        if (status != LOCKQ_OK)
            return cli_fail(lockq, options, status);
        told = live;
        live = cli_number(result, "live", 0);
        if (!options->waits || live == 0)
            return print_drain(options, result, true);
        if (live != told)
            fprintf(stderr, "lockq: draining, %" PRIu64 " live\n", live);
        nanosleep(&pause, NULL);
    }
}

int verb_undrain(struct lockq *lockq, const struct options *options)
{
    const msgpack_object *result;
    int status = set_drain(lockq, false, &result);

    return status != LOCKQ_OK ? cli_fail(lockq, options, status)
                              : print_drain(options, result, false);
}
