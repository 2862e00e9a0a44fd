/*
 * A process and all that it has started: what has to end when a grant is lost.
 *
 * `sh -c 'import; report'` is two processes, and a signal for the shell leaves the import running.
 * Which processes there are is read from /proc; each is held by a descriptor, so that a signal
 * never reaches another one that got its number. What has left the tree before it was looked at (a
 * daemon with a parent of its own) is no part of it.
 */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Zeroed is empty. */
struct tree {
    pid_t *pids;
    struct pollfd *fds; /* of the same processes */
    size_t n, cap;
};

/* Finds a child of ours and everything below it; again: what is below them now. */
void tree_find(struct tree *tree, pid_t root);
void tree_signal(const struct tree *tree, int signal);
/* Whether all of it has ended. */
bool tree_has_ended(struct tree *tree);
void tree_finish(struct tree *tree);

#endif
