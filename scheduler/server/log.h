/*
 * The log: one line an event on standard error, "time=... level=... event=... key=value ...".
 *
 * Values are quoted where they need it, and control bytes escaped, so that what a peer sends cannot
 * forge a line.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

extern const char *const log_level_names[LOG_DEBUG + 1];

void log_set_level(enum log_level level);

/* One event. Behind it pairs of key and value, strings all, until a NULL key. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#endif
