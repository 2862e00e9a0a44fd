/*
 * run: wait for the set, run the command, release.
 *
 * The operation is tied to this process's session (or has a lease, with --lease), so that it ends
 * with the process whatever kills it. While the command runs, every third of the grace or lease the
 * daemon is asked whether the grant still holds; when it does not, the command is ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

#define KILL_AFTER_MS    5000
#define RELEASE_MS       5000
#define KEYS_IN_ENV_MOST 100000 /* bytes; the system takes 128 KiB a variable */

static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT};

static volatile int interrupted; /* the signal that came while waiting */

struct run {
    struct lockq *lockq;
    const struct options *options;
    struct lockq_view view;
    pid_t child;
    int signals;      /* signalfd */
    int64_t every_ms; /* between two questions */
    int64_t ask_at;   /* the next */
    int64_t heard_at; /* the last answer */
    int64_t kill_at;  /* INT64_MAX: not ending it */
    bool is_asking, is_lost;
    struct sigaction pipe_before; /* what SIGPIPE did: so it does in the command */
};

static void on_interrupt(int signal)
{
    interrupted = signal;
}

/* --- waiting --------------------------------------------------------------------------------- */

static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP};
#define N_INTERRUPTS (sizeof interrupts / sizeof *interrupts)

/* `before` keeps what they did. One that is ignored stays so, for the command too (nohup). */
static void catch_interrupts(struct sigaction before[N_INTERRUPTS])
{
    struct sigaction action = {.sa_handler = on_interrupt};

    for (size_t i = 0; i < N_INTERRUPTS; i++) {
        sigaction(interrupts[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(interrupts[i], &action, NULL);
    }
}

static void restore_interrupts(const struct sigaction before[N_INTERRUPTS])
{
    for (size_t i = 0; i < N_INTERRUPTS; i++)
        sigaction(interrupts[i], &before[i], NULL);
}

static int not_granted(const struct run *run)
{
    fprintf(stderr, "lockq: not granted: %s%s\n", run->view.end,
            strcmp(run->view.end, "refused") == 0 ? ", others stand before it (lockq ls shows them)"
                                                  : "");
    return run->options->not_granted;
}

static void release(struct run *run)
{
    int status = lockq_release(run->lockq, run->view.op, run->view.token, NULL, RELEASE_MS, NULL);

    if (status != LOCKQ_OK)
        fprintf(stderr, "lockq: %s could not be released: %s\n", run->view.op,
                lockq_why(run->lockq));
}

/* Its turn may have come before the cancel did. */
static void leave_line(struct run *run)
{
    if (lockq_cancel(run->lockq, run->view.op, "interrupted", RELEASE_MS, NULL) ==
            LOCKQ_NOT_WAITING &&
        lockq_wait(run->lockq, run->view.op, RELEASE_MS, &run->view) == LOCKQ_OK &&
        run->view.state == LOCKQ_GRANTED)
        release(run);
}

/* Stands in line. True: granted. False: *code is what to exit with, which may be 0 (-E 0): it must
 * never be taken for a grant. */
static bool get_granted(struct run *run, int *code)
{
    bool has_lease = run->options->lease_ms != LOCKQ_UNSET;
    struct lockq_submit submit =
        cli_submit(run->options, has_lease ? run->options->lease_ms : LOCKQ_TIED);
    int status;

    cli_find_parent(run->options, &submit);
    status = lockq_submit(run->lockq, &submit, CLI_ANSWER_MS, &run->view);
    if (status != LOCKQ_OK) {
        *code = cli_fail_child(run->lockq, run->options, &submit, status);
        return false;
    }
    if (status == LOCKQ_OK)
        status = line_wait(run->lockq, run->options, INT64_MAX, &interrupted, &run->view);
    if (status == LOCKQ_OK && run->view.state == LOCKQ_WAITING) {
        leave_line(run);
        *code = 128 + interrupted;
        return false;
    }
    if (status == LOCKQ_OK && run->view.state != LOCKQ_GRANTED) {
        *code = not_granted(run);
        return false;
    }
    if (status == LOCKQ_OK && has_lease)
        status = lockq_claim(run->lockq, run->view.op, CLI_ANSWER_MS, &run->view);
    if (status != LOCKQ_OK)
        *code = cli_fail(run->lockq, run->options, status);
    return status == LOCKQ_OK;
}

/* --- the command ----------------------------------------------------------------------------- */

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

/* In the child. What exec says goes through the pipe, which exec closes. */
static void become_command(const struct run *run, int errors)
{
    sigset_t none;
    int error;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGPIPE, &run->pipe_before, NULL);
    set_environment(run);
    execvp(run->options->command[0], run->options->command);
    error = errno;
    if (write(errors, &error, sizeof error) < 0)
        _exit(CLI_NOT_RUNNABLE);
    _exit(CLI_NOT_RUNNABLE);
}

/* Starts the command. CLI_DONE, or why it cannot run. */
static int start(struct run *run)
{
    int errors[2], error = 0;
    sigset_t watched;

    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(&watched, passed_on[i]);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    run->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (run->signals < 0 || pipe2(errors, O_CLOEXEC) != 0 || (run->child = fork()) < 0) {
        fprintf(stderr, "lockq: cannot start a command: %s\n", strerror(errno));
        return CLI_NOT_RUNNABLE;
    }
    if (run->child == 0)
        become_command(run, errors[1]);
    close(errors[1]);
    if (read(errors[0], &error, sizeof error) != sizeof error)
        error = 0;
    close(errors[0]);
    if (error == 0)
        return CLI_DONE;
    waitpid(run->child, NULL, 0);
    fprintf(stderr, "lockq: %s: %s\n", run->options->command[0], strerror(error));
    return error == ENOENT ? CLI_NOT_FOUND : CLI_NOT_RUNNABLE;
}

/* --- while it runs --------------------------------------------------------------------------- */

static void lose(struct run *run, const char *why)
{
    if (run->is_lost)
        return;
    run->is_lost = true;
    run->kill_at = line_now_ms() + KILL_AFTER_MS;
    kill(run->child, SIGTERM);
    fprintf(stderr, "lockq: the grant of %s was lost (%s); ending the command\n", run->view.op,
            why);
}

static void on_asked(struct lockq *lockq, int status, const msgpack_object *result, void *context)
{
    struct run *run = context;
    const msgpack_object *held = lockq_field(result, "held");

    run->is_asking = false;
    run->heard_at = line_now_ms();
    if (status == LOCKQ_E_CONNECT || status == LOCKQ_GOING_AWAY || status == LOCKQ_UNAVAILABLE)
        return;
    if (status != LOCKQ_OK)
        lose(run, lockq_why(lockq));
    else if (held != NULL && held->type == MSGPACK_OBJECT_BOOLEAN && !held->via.boolean)
        lose(run, "somebody ended it, or its time was over");
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

/* A signal from the terminal has reached the command too; one from a process has not. */
static bool reap_or_pass_on(struct run *run, int *status)
{
    struct signalfd_siginfo info;

    while (read(run->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL)
            kill(run->child, (int)info.ssi_signo);
    return waitpid(run->child, status, WNOHANG) == run->child;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void poll_once(struct run *run)
{
    struct pollfd ready[2] = {{run->signals, POLLIN, 0},
                              {lockq_fd(run->lockq), lockq_events(run->lockq), 0}};
    int64_t now = line_now_ms(), wait = earlier(run->kill_at, run->ask_at) - now;
    int most = lockq_poll_ms(run->lockq);

    if (most >= 0)
        wait = earlier(wait, most);
    poll(ready, ready[1].fd < 0 ? 1 : 2, wait < 0 ? 0 : (int)earlier(wait, 60000));
}

/* Runs until the command has ended; returns its wait status. */
static int watch(struct run *run)
{
    int64_t silence = 3 * run->every_ms; /* a whole grace or lease */
    int status;

    run->heard_at = line_now_ms();
    run->kill_at = INT64_MAX;
    run->ask_at = run->heard_at + run->every_ms;
    while (!reap_or_pass_on(run, &status)) {
        int64_t now = line_now_ms();
        if (now >= run->kill_at) {
            kill(run->child, SIGKILL);
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
    return status;
}

int verb_run(struct lockq *lockq, const struct options *options)
{
    struct run run = {.lockq = lockq, .options = options};
    struct sigaction before[N_INTERRUPTS];
    int code, status;

    if (options->command == NULL || options->command[0] == NULL)
        return cli_usage("run needs a command behind --");
    run.every_ms = (options->lease_ms > 0 ? options->lease_ms : lockq_grace_ms(lockq)) / 3;
    if (options->lease_ms == 0)
        run.every_ms = lockq_grace_ms(lockq) / 3;
    catch_interrupts(before);
    /* Talk that nobody reads any more must not end the guard of a running command. */
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &run.pipe_before);
    if (!get_granted(&run, &code))
        return code;
    restore_interrupts(before);
    code = interrupted != 0 ? 128 + interrupted : start(&run);
    if (code != CLI_DONE) {
        release(&run);
        return code;
    }
    status = watch(&run);
    if (run.is_lost)
        return CLI_LOST;
    release(&run);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
