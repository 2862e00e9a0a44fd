/*
 * The verbs that do something with an operation.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "interrupt.h"
#include "line.h"
#include "text.h"

#define LEASE_USUAL_MS 300000

static void print_view(const struct lockq_view *view)
{
    static const char *const states[] = {"", "waiting", "granted", "ended"};

    printf("%s %s", view->op, view->state == LOCKQ_ENDED ? view->end : states[view->state]);
    if (view->state == LOCKQ_WAITING)
        printf(" ahead %" PRIu64 "%s", view->ahead, view->ahead_more ? "+" : "");
    if (view->state == LOCKQ_GRANTED && view->token != 0)
        printf(" token %" PRIu64, view->token);
    putchar('\n');
}

/* Prints the result of a method that gives a view. */
static int finish(struct lockq *lockq, const struct options *options, int status,
                  const msgpack_object *result, struct lockq_view *view)
{
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (!lockq_view_of(result, view))
        return cli_fail(lockq, options, LOCKQ_E_PROTOCOL);
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else
        print_view(view);
    return CLI_DONE;
}

/* A method with `op`, perhaps a token and one text. */
static int call_op(struct lockq *lockq, const struct options *options, const char *method,
                   uint64_t token, const char *field, const char *text)
{
    struct lockq_params *params = lockq_params_new();
    const msgpack_object *result;
    struct lockq_view view;
    int status;

    lockq_put_text(params, "op", options->operands.at[0]);
    if (token != 0)
        lockq_put_uint(params, "token", token);
    if (text != NULL)
        lockq_put_text(params, field, text);
    status = lockq_call(lockq, method, params, CLI_ANSWER_MS, &result);
    lockq_params_free(params);
    return finish(lockq, options, status, result, &view);
}

/* --token, else LOCKQ_TOKEN, else the current one. False: the exit code is in *code. */
static bool find_token(struct lockq *lockq, const struct options *options, uint64_t *token,
                       int *code)
{
    const char *given = getenv("LOCKQ_TOKEN");
    struct lockq_params *params;
    const msgpack_object *result;
    int status;

    *token = options->token;
    if (*token != 0)
        return true;
    if (given != NULL && given[0] != '\0') {
        if (text_token(given, token))
            return true;
        *code = cli_usage("LOCKQ_TOKEN: %s is no token", given);
        return false;
    }
    params = lockq_params_new();
    lockq_put_text(params, "op", options->operands.at[0]);
    status = lockq_call(lockq, "status", params, CLI_ANSWER_MS, &result);
    lockq_params_free(params);
    if (status != LOCKQ_OK) {
        *code = cli_fail(lockq, options, status);
        return false;
    }
    *token = cli_number(result, "token", 0);
    return true;
}

int verb_submit(struct lockq *lockq, const struct options *options)
{
    struct lockq_submit submit =
        cli_submit(options, options->lease_ms == LOCKQ_UNSET ? LEASE_USUAL_MS : options->lease_ms);
    struct line line = {.lockq = lockq, .options = options};
    int status = lockq_submit(lockq, &submit, CLI_ANSWER_MS, &line.view);

    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE)
        cli_json(lockq_result(lockq));
    else
        print_view(&line.view);
    if (options->verbose && line.view.state == LOCKQ_WAITING)
        line_tell_place(lockq_result(lockq));
    if (line.view.state != LOCKQ_ENDED || strcmp(line.view.end, "released") == 0)
        return CLI_DONE;
    return line_not_granted(&line, lockq_result(lockq));
}

int verb_hold(struct lockq *lockq, const struct options *options)
{
    struct lockq_submit submit = cli_submit(options, 0);
    struct line line = {.lockq = lockq,
                        .options = options,
                        .until_ms = INT64_MAX,
                        .is_interrupted = &interrupts_seen};
    struct interrupts before;
    int status, code = CLI_DONE;

    if (options->why == NULL)
        return cli_usage("hold needs --why TEXT: others will read it");
    interrupts_catch(&before);
    status = lockq_submit(lockq, &submit, CLI_ANSWER_MS, &line.view);
    if (status == LOCKQ_OK)
        status = line_wait(&line);
    if (status != LOCKQ_OK) {
        line_finish(&line);
        return cli_fail(lockq, options, status);
    }
    /* Who has gone away holds nothing: without a lease it would be for ever, and nobody would know.
     */
    if (line.view.state == LOCKQ_WAITING) {
        line_leave(lockq, &line.view);
        line_finish(&line);
        return 128 + interrupts_seen;
    }
    if (options->output != OUTPUT_TABLE)
        cli_json(lockq_result(lockq));
    else
        print_view(&line.view);
    if (line.view.state == LOCKQ_GRANTED)
        fprintf(stderr, "lockq: held until: lockq release %s\n", line.view.op);
    else
        code = line_not_granted(&line, lockq_result(lockq));
    line_finish(&line);
    return code;
}

int verb_wait(struct lockq *lockq, const struct options *options)
{
    struct line line = {.lockq = lockq,
                        .options = options,
                        .until_ms = options->timeout_ms == LOCKQ_FOREVER
                                        ? INT64_MAX
                                        : line_now_ms() + options->timeout_ms,
                        .view = {.state = LOCKQ_WAITING}};
    int status;

    snprintf(line.view.op, sizeof line.view.op, "%s", options->operands.at[0]);
    status = line_wait(&line);
    line_finish(&line);
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    status = finish(lockq, options, LOCKQ_OK, lockq_result(lockq), &line.view);
    return status != CLI_DONE || line.view.state == LOCKQ_GRANTED ? status : options->not_granted;
}

int verb_claim(struct lockq *lockq, const struct options *options)
{
    return call_op(lockq, options, "claim", 0, NULL, NULL);
}

int verb_cancel(struct lockq *lockq, const struct options *options)
{
    return call_op(lockq, options, "cancel", 0, "why", options->why);
}

int verb_release(struct lockq *lockq, const struct options *options)
{
    uint64_t token;
    int code;

    if (!find_token(lockq, options, &token, &code))
        return code;
    return call_op(lockq, options, "release", token, "outcome", options->outcome);
}

int verb_renew(struct lockq *lockq, const struct options *options)
{
    struct lockq_params *params;
    const msgpack_object *result;
    uint64_t token;
    int code, status;

    if (!find_token(lockq, options, &token, &code))
        return code;
    params = lockq_params_new();
    lockq_put_text(params, "op", options->operands.at[0]);
    lockq_put_uint(params, "token", token);
    if (options->lease_ms != LOCKQ_UNSET)
        lockq_put_uint(params, "lease", (uint64_t)options->lease_ms);
    if (options->progress != NULL)
        lockq_put_text(params, "progress", options->progress);
    status = lockq_call(lockq, "renew", params, CLI_ANSWER_MS, &result);
    lockq_params_free(params);
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else
        printf("%s renewed\n", options->operands.at[0]);
    return CLI_DONE;
}
