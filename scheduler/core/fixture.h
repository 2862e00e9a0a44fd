/*
 * What the tests of the core's parts share: cmocka, a core for each test, and what its last step
 * gave.
 *
 * A test file says in `config` what its core is, and hands start and stop to cmocka. Include this
 * last: the core's own headers have parameters of these names.
 */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core.h"

/* Limits that no test comes near. */
#define ROOMY                                                                                      \
    {                                                                                              \
        .live_ops = 100000, .live_ops_per_session = 100000, .live_claims = 1000000,                \
        .live_bytes = 1 << 20, .namespaces = 10, .generations = 10, .remembered = 1000,            \
        .remembered_ms = 1000000, .changed_keys = 1000                                             \
    }

/* The test file's own. */
extern const struct core_config config;

extern struct core *core;
extern struct outcome out;

int start(void **state);
/* Fails the test whose core is not consistent. */
int stop(void **state);
/* For a core that a test leaves damaged. */
int discard(void **state);

/* About an operation of session 7 in "default", at 1 ms. A submit has no keys yet, and waits and
 * holds for ever. */
struct event about(enum event_type type, const char *id);

#endif
