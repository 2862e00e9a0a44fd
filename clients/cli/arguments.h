/*
 * The command line: which verbs there are, which options each takes, and what they say.
 *
 * An option that a verb does not take is an error, never passed over: one that was dropped could
 * lock for longer, or for less, than was asked.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli.h"

struct verb {
    const char *name;
    enum { TAKES_NOTHING, TAKES_OP, TAKES_KEYS } operands;
    const char *shown; /* the operands, as people write them */
    const char *does;
    int (*call)(struct lockq *lockq, const struct options *options);
};

enum arguments_result { ARGUMENTS_READ, ARGUMENTS_ANSWERED, ARGUMENTS_WRONG };

/* Reads argv into a verb and its options. ANSWERED: --help or --version, which it has printed;
 * WRONG: it has said why. */
enum arguments_result arguments_read(int argc, char **argv, const struct verb **verb,
                                     struct options *options);
void arguments_free(struct options *options);

#endif
