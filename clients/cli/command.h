/*
 * The command of run: a process of ours, the signals for it, and its end with all that it has
 * started.
 *
 * From its start on the signals that it is to get wait at a descriptor, and so does its end:
 * whoever watches it polls that.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <signal.h>

#include "tree.h"

struct command {
    pid_t child; /* 0: none, or it has ended */
    int signals; /* signalfd */
    int status;  /* as wait tells it, once it has ended */
    bool is_ending;
    struct tree tree; /* what is being ended */
    /* what SIGPIPE and SIGCHLD did: so they do in the command */
    struct sigaction pipe_before, child_before;
};

/* Talk that nobody reads any more ends this process no longer. Before the start. */
void command_ignore_pipes(struct command *command);
/* Starts argv, which finds its environment set. CLI_DONE, or why it cannot run, which is said. */
int command_start(struct command *command, char **argv);
/* Passes on what signals have come. Whether the command has ended, and, where it is being ended,
 * all that it has started. */
bool command_is_over(struct command *command);
/* Asks it and all that it has started to end. */
void command_end(struct command *command);
/* Once more for what was started since; after that it is the system's turn. */
void command_kill(struct command *command);
void command_finish(struct command *command);

#endif
