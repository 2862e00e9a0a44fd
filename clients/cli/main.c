/*
 * lockq: operations on overlapping objects, from the command line.
 */
#include <locale.h>
#include <stdio.h>

#include "arguments.h"

int main(int argc, char **argv)
{
    struct options options = {.timeout_ms = LOCKQ_FOREVER,
                              .lease_ms = LOCKQ_UNSET,
                              .claim_in_ms = LOCKQ_UNSET,
                              .max_hold_ms = LOCKQ_UNSET,
                              .unchanged_since = LOCKQ_UNSET,
                              .not_granted = CLI_NOT_GRANTED};
    const struct verb *verb;
    struct lockq *lockq;
    int code = CLI_DONE;

    setlocale(LC_CTYPE, "");
    switch (arguments_read(argc, argv, &verb, &options)) {
    case ARGUMENTS_WRONG:
        code = CLI_USAGE;
        break;
    case ARGUMENTS_ANSWERED:
        break;
    case ARGUMENTS_READ:
        lockq = cli_open(&options);
        code = verb->call(lockq, &options);
        lockq_close(lockq);
    }
    arguments_free(&options);
    if (fflush(stdout) != 0 && code == CLI_DONE) {
        perror("lockq: standard output");
        code = CLI_NO;
    }
    return code;
}
