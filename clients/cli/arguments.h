/*
 * Reading the command line: a verb, its options, and what they say.
 *
 * An option that a verb does not take is an error, never passed over: one that was dropped could
 * lock for longer, or for less, than was asked.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "known.h"

enum arguments_result { ARGUMENTS_READ, ARGUMENTS_ANSWERED, ARGUMENTS_WRONG };

/* Reads argv into a verb and its options. ANSWERED: --help or --version, which it has printed;
 * WRONG: it has said why. */
enum arguments_result arguments_read(int argc, char **argv, const struct verb **verb,
                                     struct options *options);
void arguments_free(struct options *options);

#endif
