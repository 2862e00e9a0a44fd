/*
 * A real redis-server in the folder of the test, on a unix socket, that loses nothing; ended by its
 * process id.
 */
#ifndef TESTS_STORE_REDIS_SERVER_H
#define TESTS_STORE_REDIS_SERVER_H

#include <hiredis.h>

/* Starts it, or starts it again on what it has; it answers when this returns. */
void redis_server_start(void);
/* Ends it, cleanly or with SIGKILL. Not running: nothing to do. */
void redis_server_stop(void);
void redis_server_kill(void);
/* Sends it a signal; it lives on. */
void redis_server_signal(int signal);

/* unix:/path of its socket; lives until the next call of kit_path. */
const char *redis_server_url(void);

/* Asks on a connection of its own; the caller frees. Never an error. */
redisReply *redis_server_ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same where nothing is to be done with the answer; or only its number. */
long long redis_server_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A store on it, of the state directory with that name. */
struct store *redis_server_store(const char *instance);

#endif
