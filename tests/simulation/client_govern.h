/*
 * What goes beyond a client's own operations: kill and drain, which are for an admin, and
 * subscriptions. What is said is in client_say.c; here is what may be heard of it.
 */
#ifndef SIM_CLIENT_GOVERN_H
#define SIM_CLIENT_GOVERN_H

#include <msgpack.h>

#include "client.h"

bool client_is_admin(const struct client *client);

/* A drain is about to be asked for. */
void client_note_drain(struct client *client, bool on);
/* The answer to kill, drain or subscribe. */
void client_on_governed(struct client *client, const struct pending *asked,
                        const msgpack_object *result);

/* A submit was answered: was it to be? `going_away`: can that be? */
void client_check_admission(struct client *client, const struct pending *asked);
bool client_may_be_drained(const struct client *client, const struct pending *asked);

/* Whether a notification is of the state that it shows; a subscriber that reads slowly may hear of
 * a grant that has ended since. */
bool client_is_of_its_state(const struct client *client, const msgpack_object *method,
                            const msgpack_object *view);
/* A notification about an operation: is it this client's to hear? */
void client_check_news(struct client *client, struct judge_op *op);
void client_hear_end(struct client *client, struct judge_op *op);
void client_hear_contended(struct client *client, const msgpack_object *params);
/* When all has come to its end: was everything told to a subscriber? */
void client_check_all_heard(const struct client *client);

#endif
