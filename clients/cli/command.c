#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

/* What others may send: not faults of our own, and not what only stops. With the real-time ones. */
static const int passed_on[] = {SIGTERM, SIGINT,    SIGHUP,  SIGQUIT, SIGUSR1, SIGUSR2,
                                SIGALRM, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGCONT};

static sigset_t watched_signals(void)
{
    sigset_t watched;

    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(&watched, passed_on[i]);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
        sigaddset(&watched, signal);
    return watched;
}

void command_ignore_pipes(struct command *command)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &command->pipe_before);
}

/* In the child. What exec says goes through the pipe, which exec closes. With its guard killed,
 * nobody would end it when the keys are somebody else's, so it is asked to end at once. */
static void become_command(const struct command *command, pid_t guard, char **argv, int errors)
{
    sigset_t none;
    int error;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != guard)
        _exit(CLI_LOST);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGPIPE, &command->pipe_before, NULL);
    sigaction(SIGCHLD, &command->child_before, NULL);
    execvp(argv[0], argv);
    error = errno;
    if (write(errors, &error, sizeof error) < 0)
        _exit(CLI_NOT_RUNNABLE);
    _exit(CLI_NOT_RUNNABLE);
}

int command_start(struct command *command, char **argv)
{
    int errors[2], error = 0;
    pid_t guard = getpid();
    sigset_t watched = watched_signals();

    /* Where it is ignored, the system forgets a child at its end, and nobody hears of it. */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &command->child_before);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    command->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (command->signals < 0 || pipe2(errors, O_CLOEXEC) != 0 || (command->child = fork()) < 0) {
        fprintf(stderr, "lockq: cannot start a command: %s\n", strerror(errno));
        return CLI_NOT_RUNNABLE;
    }
    if (command->child == 0)
        become_command(command, guard, argv, errors[1]);
    close(errors[1]);
    if (read(errors[0], &error, sizeof error) != sizeof error)
        error = 0;
    close(errors[0]);
    if (error == 0)
        return CLI_DONE;
    waitpid(command->child, NULL, 0);
    fprintf(stderr, "lockq: %s: %s\n", argv[0], strerror(error));
    return error == ENOENT ? CLI_NOT_FOUND : CLI_NOT_RUNNABLE;
}

/* A signal from the terminal has reached the command too; one from a process has not. */
static void pass_on(const struct command *command)
{
    struct signalfd_siginfo info;

    while (read(command->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL && command->child != 0)
            kill(command->child, (int)info.ssi_signo);
}

bool command_is_over(struct command *command)
{
    pass_on(command);
    if (command->child != 0 && waitpid(command->child, &command->status, WNOHANG) == command->child)
        command->child = 0;
    return command->child == 0 && (!command->is_ending || tree_has_ended(&command->tree));
}

void command_end(struct command *command)
{
    command->is_ending = true;
    tree_find(&command->tree, command->child);
    tree_signal(&command->tree, SIGTERM);
    kill(command->child, SIGTERM); /* where the system has no descriptors for processes */
}

void command_kill(struct command *command)
{
    tree_find(&command->tree, command->child);
    tree_signal(&command->tree, SIGKILL);
    if (command->child != 0)
        kill(command->child, SIGKILL);
}

void command_finish(struct command *command)
{
    tree_finish(&command->tree);
}
