/*
 * lockq: operations on overlapping objects, from the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "arguments.h"

/* One that is closed would be given to the connection, and what is printed sent to the daemon.
 * Opened the wrong way round it stays of no use, and at the command of run it is closed again. */
static void keep_standard_places(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

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

    keep_standard_places();
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
