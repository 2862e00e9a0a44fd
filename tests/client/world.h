/*
 * A folder, a daemon in it that can be killed and started again, and what every test asks of them.
 */
#ifndef CLIENT_WORLD_H
#define CLIENT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lockq/lockq.h"

#define ANSWER_MS 30000 /* generous, for a loaded machine: no test measures time by it */

/* A folder of its own; world_finish kills the daemon and removes it. Set-up and tear-down. */
int world_init(void **state);
int world_finish(void **state);

const char *world_address(void);
/* The path behind "unix:". */
const char *world_socket(void);

void world_start(void);
/* SIGKILL. */
void world_kill(void);

/* A handle with this grace, which waits for a daemon that is not there yet. */
struct lockq *world_open(int64_t grace_ms);
struct lockq_submit world_submit(const char *const *key, const char *op);
/* Processes and polls until *is_done, which an answer of the handle sets. */
void world_loop(struct lockq *lockq, const bool *is_done);

#endif
