/*
 * Who may touch an operation.
 */
#ifndef CORE_OWN_H
#define CORE_OWN_H

#include "core/core.h"

/* A token, when given (not 0), decides alone: OK or WRONG_TOKEN. Without one only the session that
 * the operation is tied to may: OK or NOT_OWNER. */
enum lockq_status own_may(const struct op *op, uint64_t session, uint64_t token);

/* The operation that an event names, also into out->op; NULL: NOT_FOUND is in out->status. */
struct core_op *own_find(struct core *core, const struct event *event, struct outcome *out);

#endif
