/*
 * Contended: telling those who hold that somebody begins to wait for them.
 */
#ifndef CORE_CONTENDED_H
#define CORE_CONTENDED_H

#include "core/state.h"

/* The operation begins to wait: an effect for each who holds what it wants. */
void contended_by(struct core *core, const struct core_op *op);
/* The operation has come to hold more: an effect for it if somebody waits for it. */
void contended_more(struct core *core, struct core_op *op);

#endif
