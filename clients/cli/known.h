/*
 * What a command line may say: the verbs, the options of each, and the help that tells them.
 */
#ifndef CLI_KNOWN_H
#define CLI_KNOWN_H

#include <getopt.h>
#include <stdio.h>

#include "cli.h"

struct verb {
    const char *name;
    enum { TAKES_NOTHING, TAKES_OP, TAKES_KEYS } operands;
    const char *shown; /* the operands, as people write them */
    const char *does;
    int (*call)(struct lockq *lockq, const struct options *options);
};

/* Options without a letter; of the others the letter is the number. */
enum {
    OPTION_ADDR = 256,
    OPTION_NAMESPACE,
    OPTION_KEYS_FROM,
    OPTION_LEASE,
    OPTION_CLAIM_IN,
    OPTION_MAX_HOLD,
    OPTION_UNCHANGED_SINCE,
    OPTION_NO_PARENT,
    OPTION_YES,
    OPTION_WAIT,
    OPTION_OP,
    OPTION_WHO,
    OPTION_WHY,
    OPTION_TOKEN,
    OPTION_PROGRESS,
    OPTION_OUTCOME,
    OPTION_STATE,
    OPTION_KEY,
    OPTION_LIMIT,
    OPTION_HELP
};

struct known_option {
    int option;
    const char *name;
    const char *argument; /* NULL: it has none */
    const char *does;
    const char *verbs; /* those that take it; NULL: all */
};

/* NULL: there is none. */
const struct verb *known_find_verb(const char *name);
const struct known_option *known_find_option(int option);
bool known_is_taken_by(const struct known_option *option, const struct verb *verb);

/* For getopt_long: all that there are, so that one of another verb is named as such. Lives on. */
const struct option *known_getopt(const char **letters);

void known_print_usage(FILE *out);
void known_print_help(const struct verb *verb);

#endif
