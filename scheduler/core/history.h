/*
 * History: the operations that ended and are still remembered, in the order of their ends.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

struct core;
struct core_op;

/* A ring of operation numbers. All zero: empty. */
struct history {
    uint32_t *ring;
    size_t first, n, cap; /* cap: a power of two, or 0 */
};

void history_finish(struct history *history);

void history_add(struct history *history, uint32_t op);

/* Forgets what is too much or too old at core->wall_ms. */
void history_age(struct core *core);
/* When the oldest becomes too old, as far as can be told now; CORE_FOREVER: nothing is remembered.
 */
int64_t history_next(const struct core *core);

/* Gives back the memory of what was forgotten in the step before. */
void history_bury(struct core *core);

#endif
