#include "tree.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

static bool has(const struct tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->n; i++)
        if (tree->pids[i] == pid)
            return true;
    return false;
}

/* As of the last poll. The number of one that has ended may be another one's by now. */
static bool has_running(const struct tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->n; i++)
        if (tree->pids[i] == pid && tree->fds[i].revents == 0)
            return true;
    return false;
}

/* The parent of a process, 0: there is no such process. */
static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    const char *behind_name;
    int parent = 0;
    FILE *in;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    in = fopen(path, "re");
    if (in == NULL)
        return 0;
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    /* "17 (a name (with anything)) S 1 ..." */
    behind_name = strrchr(text, ')');
    if (behind_name == NULL || sscanf(behind_name, ") %*c %d", &parent) != 1)
        return 0;
    return parent;
}

/* The descriptor comes first: if the process is in its place after that, it is the one meant. */
static void add(struct tree *tree, pid_t pid, pid_t parent)
{
    int fd = pidfd_open(pid, 0);

    if (fd < 0)
        return;
    if (parent_of(pid) != parent) {
        close(fd);
        return;
    }
    if (tree->n == tree->cap) {
        tree->cap = tree->cap == 0 ? 16 : tree->cap * 2;
        tree->pids = realloc(tree->pids, tree->cap * sizeof *tree->pids);
        tree->fds = realloc(tree->fds, tree->cap * sizeof *tree->fds);
        if (tree->pids == NULL || tree->fds == NULL)
            abort();
    }
    tree->pids[tree->n] = pid;
    tree->fds[tree->n++] = (struct pollfd){fd, POLLIN, 0};
}

/* Adds the children of those that are there. False: there are no more. */
static bool add_children(struct tree *tree)
{
    size_t before = tree->n;
    DIR *proc = opendir("/proc");

    if (proc == NULL)
        return false;
    poll(tree->fds, tree->n, 0);
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        pid_t pid, parent;
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        pid = (pid_t)strtol(entry->d_name, NULL, 10);
        parent = parent_of(pid);
        if (!has(tree, pid) && has_running(tree, parent))
            add(tree, pid, parent);
    }
    closedir(proc);
    return tree->n > before;
}

void tree_find(struct tree *tree, pid_t root)
{
    if (tree->n == 0)
        add(tree, root, getpid());
    while (add_children(tree))
        ;
}

void tree_signal(const struct tree *tree, int signal)
{
    for (size_t i = 0; i < tree->n; i++)
        pidfd_send_signal(tree->fds[i].fd, signal, NULL, 0);
}

bool tree_has_ended(struct tree *tree)
{
    return poll(tree->fds, tree->n, 0) == (int)tree->n;
}

void tree_finish(struct tree *tree)
{
    for (size_t i = 0; i < tree->n; i++)
        close(tree->fds[i].fd);
    free(tree->pids);
    free(tree->fds);
    *tree = (struct tree){0};
}
