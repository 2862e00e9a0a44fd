/*
 * A command to Redis as it goes over the wire: so many arguments, each with its length.
 *
 * Bytes are kept as they are sent, so that a commit whose outcome is unknown is sent again as it
 * was. How many arguments there are stands before them and is known last: there is room for it.
 * What a commit writes comes in sections (redis_script.h).
 */
#ifndef STORE_REDIS_COMMAND_H
#define STORE_REDIS_COMMAND_H

#include <stddef.h>

#include "base/buf.h"

/* All zero: empty. */
struct redis_command {
    struct buf body;
    uint32_t n; /* arguments */
};

void redis_command_clear(struct redis_command *command);
void redis_command_finish(struct redis_command *command);

void redis_command_add(struct redis_command *command, struct slice argument);
void redis_command_add_text(struct redis_command *command, const char *text);
void redis_command_add_number(struct redis_command *command, uint64_t number);

/* All of it, as it is sent; lives until the next change. At least one argument is there. */
struct slice redis_command_bytes(struct redis_command *command);

/* Begins a section: Redis's command, the key it is for and how many values follow. */
void redis_command_begin(struct redis_command *command, const char *what, struct slice key,
                         size_t n_values);

#endif
