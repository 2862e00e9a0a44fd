/*
 * Steps: an event goes into the core, and what it touched goes where it must.
 *
 * A step notes at once what changed for the pipeline. Telling the sessions (deferred answers,
 * pushes) waits for step_settle, so that the caller can write its own answer first: the reply to a
 * submit precedes every push about its operation.
 */
#ifndef SERVER_STEP_H
#define SERVER_STEP_H

#include "server/state.h"

/* `own` is the session whose request this is: of the operation named it hears by its answer alone.
 * NULL: nobody's. The outcome of the step before must be settled. */
const struct outcome *step(struct server *server, struct event *event, const struct session *own);

/* The first step after recovery: grants what is grantable. Returns false when what was recovered
 * contradicts itself. */
bool step_recovered(struct server *server);

/* Answers and pushes for everything that the last step touched. */
void step_settle(struct server *server);

#endif
