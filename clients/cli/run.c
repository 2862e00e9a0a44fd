/*
 * run: wait for the set, run the command, release.
 *
 * The operation is tied to this process's session (or has a lease, with --lease), so that it ends
 * with the process whatever kills it. While the command runs, every third of the grace or lease the
 * daemon is asked whether the grant still holds; when it does not, or the daemon says so by itself,
 * the command is ended, and with it all that it has started.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "command.h"
#include "interrupt.h"
#include "line.h"

#define KILL_AFTER_MS    5000
#define RELEASE_MS       5000
#define TREE_EVERY_MS    50     /* between two looks whether all of it has ended */
#define KEYS_IN_ENV_MOST 100000 /* bytes; the system takes 128 KiB a variable */

struct run {
    struct lockq *lockq;
    const struct options *options;
    struct lockq_view view;
    struct command command;
    int64_t every_ms; /* between two questions */
    int64_t ask_at;   /* the next */
    int64_t heard_at; /* the last answer */
    int64_t kill_at;  /* INT64_MAX: not ending it */
    bool is_asking, is_lost;
};

/* False: it was not this operation's any more. */
static bool release(struct run *run)
{
    int status = lockq_release(run->lockq, run->view.op, run->view.token, NULL, RELEASE_MS, NULL);

    if (status == LOCKQ_OK)
        return true;
    fprintf(stderr, "lockq: %s could not be released: %s\n", run->view.op, lockq_why(run->lockq));
    return status != LOCKQ_NOT_GRANTED && status != LOCKQ_WRONG_TOKEN && status != LOCKQ_E_LOST;
}

/* --- waiting --------------------------------------------------------------------------------- */

/* From the submit to the end of the waiting; what came of it is in run->view. True: it is in line
 * or granted. */
static bool stand_in_line(struct run *run, int64_t lease_ms, int *code)
{
    struct lockq_submit submit = cli_submit(run->options, lease_ms);
    struct line line = {.lockq = run->lockq,
                        .options = run->options,
                        .until_ms = INT64_MAX,
                        .is_interrupted = &interrupts_seen};
    int status;

    cli_find_parent(run->options, &submit);
    status = lockq_submit(run->lockq, &submit, CLI_ANSWER_MS, &line.view);
    if (status != LOCKQ_OK) {
        *code = cli_fail_child(run->lockq, run->options, &submit, status);
        return false;
    }
    status = line_wait(&line);
    run->view = line.view;
    if (status != LOCKQ_OK)
        *code = cli_fail(run->lockq, run->options, status);
    else if (line.view.state == LOCKQ_ENDED)
        *code = line_not_granted(&line, lockq_result(run->lockq));
    line_finish(&line);
    return status == LOCKQ_OK && line.view.state != LOCKQ_ENDED;
}

/* True: granted. False: *code is what to exit with, which may be 0 (-E 0): it must never be taken
 * for a grant. */
static bool get_granted(struct run *run, int *code)
{
    bool has_lease = run->options->lease_ms != LOCKQ_UNSET;
    int status = LOCKQ_OK;

    if (!stand_in_line(run, has_lease ? run->options->lease_ms : LOCKQ_TIED, code))
        return false;
    if (run->view.state == LOCKQ_WAITING) {
        line_leave(run->lockq, &run->view);
        *code = 128 + interrupts_seen;
        return false;
    }
    if (has_lease)
        status = lockq_claim(run->lockq, run->view.op, CLI_ANSWER_MS, &run->view);
    if (status != LOCKQ_OK)
        *code = cli_fail(run->lockq, run->options, status);
    return status == LOCKQ_OK;
}

/* --- the environment of the command ----------------------------------------------------------- */

static void set_keys(const struct options *options)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; i < options->operands.n; i++)
        fprintf(out, "%s%s", i > 0 ? "\n" : "", options->operands.at[i]);
    for (size_t i = 0; i < options->shared.n; i++)
        fprintf(out, "%s%s", i + options->operands.n > 0 ? "\n" : "", options->shared.at[i]);
    fclose(out);
    if (size < KEYS_IN_ENV_MOST)
        setenv("LOCKQ_KEYS", text, 1);
    else
        unsetenv("LOCKQ_KEYS");
    free(text);
}

static void set_environment(const struct run *run)
{
    char token[24];

    snprintf(token, sizeof token, "%" PRIu64, run->view.token);
    setenv("LOCKQ_OP", run->view.op, 1);
    setenv("LOCKQ_TOKEN", token, 1);
    setenv("LOCKQ_ADDR", lockq_address(run->lockq), 1);
    setenv("LOCKQ_NAMESPACE", lockq_namespace(run->lockq), 1);
    set_keys(run->options);
}

/* --- while it runs --------------------------------------------------------------------------- */

/* What is heard when the command has ended already is left to the release. */
static void lose(struct run *run, const char *why)
{
    if (run->is_lost || run->command.child == 0)
        return;
    run->is_lost = true;
    run->kill_at = line_now_ms() + KILL_AFTER_MS;
    command_end(&run->command);
    fprintf(stderr, "lockq: the grant of %s was lost (%s); ending the command\n", run->view.op,
            why);
}

/* "killed: ann went home" */
static void lose_as(struct run *run, const msgpack_object *view)
{
    char *end = cli_text(view, "end"), *why = cli_text(view, "why_ended"), *text;

    if (asprintf(&text, "%s%s%s", end, why[0] != '\0' ? ": " : "", why) < 0)
        abort();
    lose(run, end[0] != '\0' ? text : "it has ended");
    free(end);
    free(why);
    free(text);
}

static void on_end_told(struct lockq *lockq, int status, const msgpack_object *result,
                        void *context)
{
    if (status == LOCKQ_OK)
        lose_as(context, result);
    else
        lose(context, lockq_why(lockq));
}

/* It is lost; how it ended is for whoever reads what run says. */
static void ask_why(struct run *run)
{
    struct lockq_params *params = lockq_params_new();

    lockq_put_text(params, "op", run->view.op);
    lockq_send(run->lockq, "status", params, on_end_told, run);
    lockq_params_free(params);
}

/* Told at once. What was given back with its token was perhaps given back by the command: that is
 * left to the next question. */
static void on_news(struct lockq *lockq, const char *method, const msgpack_object *view,
                    void *context)
{
    struct run *run = context;
    struct lockq_view ended;

    (void)lockq;
    if (strcmp(method, "ended") == 0 && lockq_view_of(view, &ended) &&
        strcmp(ended.op, run->view.op) == 0 && strcmp(ended.end, "released") != 0)
        lose_as(run, view);
}

static void on_asked(struct lockq *lockq, int status, const msgpack_object *result, void *context)
{
    struct run *run = context;
    const msgpack_object *held = lockq_field(result, "held");

    run->is_asking = false;
    run->heard_at = line_now_ms();
    if (status == LOCKQ_E_CONNECT || status == LOCKQ_GOING_AWAY || status == LOCKQ_UNAVAILABLE)
        return;
    if (status != LOCKQ_OK && status != LOCKQ_NOT_GRANTED)
        lose(run, lockq_why(lockq));
    else if (status == LOCKQ_NOT_GRANTED ||
             (held != NULL && held->type == MSGPACK_OBJECT_BOOLEAN && !held->via.boolean))
        ask_why(run);
}

/* A lease is renewed by the same question. */
static void ask(struct run *run)
{
    struct lockq_params *params = lockq_params_new();
    bool has_lease = run->options->lease_ms > 0;

    lockq_put_text(params, "op", run->view.op);
    lockq_put_uint(params, "token", run->view.token);
    lockq_send(run->lockq, has_lease ? "renew" : "verify", params, on_asked, run);
    lockq_params_free(params);
    run->is_asking = true;
    run->ask_at = line_now_ms() + run->every_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void poll_once(struct run *run)
{
    struct pollfd ready[2] = {{run->command.signals, POLLIN, 0},
                              {lockq_fd(run->lockq), lockq_events(run->lockq), 0}};
    int64_t now = line_now_ms(), wait = earlier(run->kill_at, run->ask_at) - now;
    int most = lockq_poll_ms(run->lockq);

    if (most >= 0)
        wait = earlier(wait, most);
    if (run->is_lost)
        wait = earlier(wait, TREE_EVERY_MS);
    poll(ready, ready[1].fd < 0 ? 1 : 2, wait < 0 ? 0 : (int)earlier(wait, 60000));
}

/* Runs until the command has ended. */
static void watch(struct run *run)
{
    int64_t silence = 3 * run->every_ms; /* a whole grace or lease */

    run->heard_at = line_now_ms();
    run->kill_at = INT64_MAX;
    run->ask_at = run->heard_at + run->every_ms;
    lockq_on_news(run->lockq, on_news, run);
    while (!command_is_over(&run->command)) {
        int64_t now = line_now_ms();
        if (now >= run->kill_at) {
            command_kill(&run->command);
            run->kill_at = INT64_MAX;
        }
        if (!run->is_lost && !run->is_asking && now >= run->ask_at)
            ask(run);
        else if (now >= run->ask_at)
            run->ask_at = now + run->every_ms;
        if (!lockq_is_local(run->lockq) && now - run->heard_at > silence)
            lose(run, "nothing was heard of the daemon for as long as the grant lasts");
        lockq_process(run->lockq);
        poll_once(run);
    }
}

int verb_run(struct lockq *lockq, const struct options *options)
{
    struct run run = {.lockq = lockq, .options = options};
    struct interrupts before;
    int code = CLI_NO;

    if (options->command == NULL || options->command[0] == NULL)
        return cli_usage("run needs a command behind --");
    run.every_ms = (options->lease_ms > 0 ? options->lease_ms : lockq_grace_ms(lockq)) / 3;
    if (options->lease_ms == 0)
        run.every_ms = lockq_grace_ms(lockq) / 3;
    interrupts_catch(&before);
    /* The guard of a running command must not end because nobody reads what it says. */
    command_ignore_pipes(&run.command);
    if (!get_granted(&run, &code))
        return code;
    set_environment(&run);
    interrupts_restore(&before);
    code = interrupts_seen != 0 ? 128 + interrupts_seen
                                : command_start(&run.command, options->command);
    if (code != CLI_DONE) {
        release(&run);
        return code;
    }
    watch(&run);
    command_finish(&run.command);
    if (run.is_lost || !release(&run))
        return CLI_LOST;
    return WIFSIGNALED(run.command.status) ? 128 + WTERMSIG(run.command.status)
                                           : WEXITSTATUS(run.command.status);
}
