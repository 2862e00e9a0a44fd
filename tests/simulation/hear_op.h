/*
 * Views and records, as facts for the judge.
 */
#ifndef SIM_HEAR_OP_H
#define SIM_HEAR_OP_H

#include "client.h"
#include "snapshot.h"

/* asked == NULL: nobody asked for it, or it is one of many. Returns the state that it tells. */
enum judge_state hear_op(struct client *client, const struct pending *asked,
                         const msgpack_object *view);

/* The answer to a list. */
void hear_list(struct client *client, const struct pending *asked, const msgpack_object *result);

#endif
