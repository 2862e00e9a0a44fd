#include "world.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], address[96], state_dir[96];
static pid_t daemon_pid;

int world_init(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lockq-client-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(address, sizeof address, "unix:%s/s", folder);
    snprintf(state_dir, sizeof state_dir, "%s/state", folder);
    return 0;
}

int world_finish(void **state)
{
    char command[128];

    (void)state;
    world_kill();
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command); /* NOLINT(cert-env33-c): a path of our own */
}

const char *world_address(void)
{
    return address;
}

const char *world_socket(void)
{
    return address + strlen("unix:");
}

void world_start(void)
{
    assert_int_equal(daemon_pid, 0);
    daemon_pid = fork();
    if (daemon_pid != 0)
        return;
    /* Of the program, not of the thread that starts it: so no PR_SET_PDEATHSIG. */
    if (freopen("/dev/null", "w", stderr) != NULL)
        execl(getenv("LOCKQD"), "lockqd", "--listen", address, "--state-dir", state_dir,
              "--backend", "sqlite", (char *)NULL);
    _exit(127);
}

void world_kill(void)
{
    if (daemon_pid == 0)
        return;
    kill(daemon_pid, SIGKILL);
    waitpid(daemon_pid, NULL, 0);
    daemon_pid = 0;
}

struct lockq *world_open(int64_t grace_ms)
{
    struct lockq_options options = {.address = address, .client = "test", .grace_ms = grace_ms};
    struct lockq *lockq = lockq_open(&options);

    assert_non_null(lockq);
    return lockq;
}

struct lockq_submit world_submit(const char *const *key, const char *op)
{
    struct lockq_submit submit = LOCKQ_SUBMIT_INIT;

    submit.keys = key;
    submit.n_keys = 1;
    submit.op = op;
    return submit;
}

void world_loop(struct lockq *lockq, const bool *is_done)
{
    while (!*is_done) {
        struct pollfd ready = {lockq_fd(lockq), lockq_events(lockq), 0};
        int most = lockq_poll_ms(lockq);
        assert_true(poll(&ready, ready.fd < 0 ? 0 : 1, most < 0 ? ANSWER_MS : most) > 0 ||
                    most >= 0);
        lockq_process(lockq);
    }
}
