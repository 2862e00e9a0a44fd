/*
 * What each event does. Every handler checks first and changes after: a status other than LOCKQ_OK
 * left everything as it was.
 */
#ifndef CORE_STEP_H
#define CORE_STEP_H

#include "core/state.h"

/* Every step is between these two: the effects of the one before are forgotten; then what became
 * grantable is granted, and history kept within its bounds. */
void step_begin(struct core *core, int64_t now_ms, uint64_t wall_ms, struct outcome *out);
void step_end(struct core *core, struct outcome *out);

/* Whether a value is above its limit; then the step answers so, by the limit's name. */
bool step_is_over(struct outcome *out, const char *name, uint64_t limit, uint64_t value);

void step_submit(struct core *core, const struct event *event, struct outcome *out);
void step_claim(struct core *core, const struct event *event, struct outcome *out);
void step_renew(struct core *core, const struct event *event, struct outcome *out);
void step_release(struct core *core, const struct event *event, struct outcome *out);
void step_extend(struct core *core, const struct event *event, struct outcome *out);
void step_kill(struct core *core, const struct event *event, struct outcome *out);
void step_cancel(struct core *core, const struct event *event, struct outcome *out);
void step_session_end(struct core *core, const struct event *event, struct outcome *out);
void step_tick(struct core *core, const struct event *event, struct outcome *out);

#endif
