/*
 * Standing in line: waiting, telling the place, and telling why it came to nothing.
 */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include <stdio.h>

#include "cli.h"

struct line {
    struct lockq *lockq;
    const struct options *options;
    int64_t until_ms;                   /* monotonic; INT64_MAX: for ever */
    const volatile int *is_interrupted; /* ends the waiting when set; NULL: nothing does */
    struct lockq_view view;             /* of the operation */
    char *ahead;                        /* what it waited for when last asked; NULL or owned */
};

int64_t line_now_ms(void);

/* Waits while the operation does. LOCKQ_OK: `view` is granted or ended, or waits still when the
 * time was over or an interrupt came. Tells the place, and each change of it, if asked to (-v). */
int line_wait(struct line *line);
/* "lockq: import waits, 3 ahead: nightly has had Project/25 for 12 m (ann: sync)", of a view. */
void line_tell_place(const msgpack_object *view);
/* "nightly has had Project/25 for 12 m (ann: sync)" */
void line_write_blocker(FILE *out, const msgpack_object *blocker);
/* Says on standard error why it was not granted, and returns the exit code for it. `result`: its
 * last view as the daemon gave it, or NULL. */
int line_not_granted(const struct line *line, const msgpack_object *result);
/* After an interrupt: cancels what waits; gives it back where its turn came before the cancel did.
 */
void line_leave(struct lockq *lockq, struct lockq_view *view);
void line_finish(struct line *line);

#endif
