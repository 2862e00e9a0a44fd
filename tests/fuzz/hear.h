/*
 * What the fuzzed daemon may say: whole messages of the protocol's shapes, one answer to each
 * request and in their order, and nothing that is not durable yet.
 */
#ifndef HEAR_H
#define HEAR_H

#include <msgpack.h>

#include "daemon.h"

void hear(struct daemon *daemon, struct line *line, const msgpack_object *message);
/* The server closes the line itself, once everything was said. */
void hear_end(const struct line *line);
/* Nothing is left to be answered. */
void hear_all_answered(const struct line *line);

#endif
