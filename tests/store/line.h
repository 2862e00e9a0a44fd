/*
 * A line to the test's Redis that breaks: a process that carries what is said between line.sock and
 * redis.sock, and at one request closes both ends.
 */
#ifndef TESTS_STORE_LINE_H
#define TESTS_STORE_LINE_H

#include <sys/types.h>

/* What becomes of the request at which it breaks: nothing of it arrives, half, or all of it and
 * nothing or half of the answer. */
enum cut { CUT_BEFORE, CUT_HALF_WAY, CUT_AFTER, CUT_IN_ANSWER, CUTS };

/* Lies in memory that is shared with the process. */
struct line {
    _Atomic int left; /* requests until it breaks; 0: it has broken, and breaks no more */
    enum cut cut;
};

pid_t line_start(struct line *line);
void line_stop(pid_t process);

/* A store at its end. */
struct store *line_store(void);

#endif
