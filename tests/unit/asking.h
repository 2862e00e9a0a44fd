/*
 * Requests in notation, read by one parser.
 *
 * What ask() returns lives until the next call.
 */
#ifndef ASKING_H
#define ASKING_H

#include "wire/request.h"

/* The limits of the contract, as the sentences in the tests tell them. */
extern const struct wire_limits asking_limits;

/* From here on a new parser, with these limits. */
void asking_start(const struct wire_limits *limits);

/* Around a group of tests, as cmocka wants it; starts with the limits of the contract. */
int asking_group_start(void **state);
int asking_group_stop(void **state);

/* Reads one frame, written in notation; it must pass the scanner. */
const struct request_result *ask_frame(const char *notation);

/* Reads [0, 7, method, [fields]], or [0, 7, method, []] for NULL. */
const struct request_result *ask(const char *method, const char *fields);

/* The request that was read last. */
extern struct request asked;

/* The request is understood. */
void assert_taken(const char *method, const char *fields);
/* The request is answered with "code: sentence". */
void assert_error(const char *method, const char *fields, const char *expected);
/* The keys of the last request: paths in their order, '*' behind shared ones, joined by spaces. */
void assert_keys(const char *expected);

void assert_slice(struct slice slice, const char *expected);

#endif
