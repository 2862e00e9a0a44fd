/*
 * A job that passes from process to process: a web request submits it, a dispatcher enqueues it at
 * its grant, a worker runs and releases it.
 *
 *     handover submit ADDRESS OP KEY...      the web request: answers at once, whatever is busy
 *     handover dispatch ADDRESS              writes the id of each job to standard output when its
 *                                            turn has come: one line for a queue
 *     handover work ADDRESS RUN_MS           the worker: reads ids, as a queue delivers them,
 *                                            perhaps twice; runs each once; tells the outcome
 *
 * The job has a lease, so it outlives the web request; `claim_in` ends it when no worker comes. The
 * worker ties it to its own session, so a worker that is killed gives it back within the grace, and
 * hands its token to whatever it writes to: who lost the job in between is told by it.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lockq/lockq.h"

#define ANSWER_MS 10000

static int fail(struct lockq *lockq, const char *what)
{
    fprintf(stderr, "handover: %s: %s\n", what, lockq_why(lockq));
    return 1;
}

/* --- the web request ------------------------------------------------------------------------- */

static int submit_job(struct lockq *lockq, const char *op, const char *const *keys, size_t n_keys)
{
    static const char payload[] = "\xa4work"; /* MessagePack: what the worker is to do */
    struct lockq_submit submit = LOCKQ_SUBMIT_INIT;
    struct lockq_view view;

    submit.op = op; /* the request may be repeated: it is the same job */
    submit.keys = keys;
    submit.n_keys = n_keys;
    submit.lease_ms = 60000;
    submit.claim_in_ms = 60000;
    submit.payload = payload;
    submit.payload_size = sizeof payload - 1;
    if (lockq_submit(lockq, &submit, ANSWER_MS, &view) != LOCKQ_OK)
        return fail(lockq, op);
    printf("%s %s\n", op, view.state == LOCKQ_GRANTED ? "granted" : "waiting");
    return 0;
}

/* --- the dispatcher -------------------------------------------------------------------------- */

static void enqueue(struct lockq *lockq, const char *method, const msgpack_object *view,
                    void *context)
{
    struct lockq_view job;

    (void)lockq;
    (void)context;
    if (strcmp(method, "granted") != 0 || !lockq_view_of(view, &job))
        return;
    puts(job.op);
    fflush(stdout);
}

/* What was granted while nobody listened, and nobody has claimed. */
static void enqueue_missed(struct lockq *lockq, int status, const msgpack_object *result,
                           void *context)
{
    const msgpack_object *ops = lockq_field(result, "ops");

    (void)context;
    if (status != LOCKQ_OK) {
        fail(lockq, "list");
        return;
    }
    for (uint32_t i = 0; i < ops->via.array.size; i++)
        enqueue(lockq, "granted", &ops->via.array.ptr[i], NULL);
}

/* At each connection anew, for a subscription dies with its connection. Subscribe first, then list:
 * a job in between comes twice, and none is missed. */
static void listen_and_list(struct lockq *lockq, void *context)
{
    static const char *const granted[] = {"granted"};
    struct lockq_params *grants = lockq_params_new(), *unclaimed = lockq_params_new();

    (void)context;
    lockq_put_bool(grants, "grants", true);
    lockq_send(lockq, "subscribe", grants, NULL, NULL);
    lockq_put_texts(unclaimed, "state", granted, 1);
    lockq_put_bool(unclaimed, "claimed", false);
    lockq_put_uint(unclaimed, "limit", 1000);
    lockq_send(lockq, "list", unclaimed, enqueue_missed, NULL);
    lockq_params_free(grants);
    lockq_params_free(unclaimed);
}

static int dispatch(struct lockq *lockq)
{
    lockq_on_news(lockq, enqueue, NULL);
    lockq_on_connected(lockq, listen_and_list, NULL);
    while (lockq_process(lockq) == LOCKQ_OK) {
        struct pollfd ready = {lockq_fd(lockq), lockq_events(lockq), 0};
        poll(&ready, 1, lockq_poll_ms(lockq));
    }
    return fail(lockq, "dispatch");
}

/* --- the worker ------------------------------------------------------------------------------ */

static void run(int64_t ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

static void tell(const char *op, const char *what)
{
    printf("%s %s\n", op, what);
    fflush(stdout);
}

static void work_on(struct lockq *lockq, const char *op, int64_t run_ms)
{
    struct lockq_view job;
    int status = lockq_claim_tied(lockq, op, ANSWER_MS, &job);

    /* Another worker has it, or had it: the queue has delivered it twice. */
    if (status != LOCKQ_OK) {
        tell(op, lockq_status_name(status));
        return;
    }
    printf("%s runs %" PRIu64 "\n", op, job.token);
    fflush(stdout);
    run(run_ms);
    status = lockq_release(lockq, op, job.token, "done", ANSWER_MS, NULL);
    tell(op, status == LOCKQ_OK ? "done" : lockq_status_name(status));
}

static int work(struct lockq *lockq, int64_t run_ms)
{
    char op[LOCKQ_ID_SIZE + 1];

    while (fgets(op, sizeof op, stdin) != NULL) {
        op[strcspn(op, "\n")] = '\0';
        work_on(lockq, op, run_ms);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct lockq_options options = {.client = "handover", .grace_ms = 1000};
    struct lockq *lockq;
    int code = 64;

    if (argc < 3) {
        fputs("usage: handover submit ADDRESS OP KEY... | dispatch ADDRESS | work ADDRESS RUN_MS\n",
              stderr);
        return 64;
    }
    options.address = argv[2];
    lockq = lockq_open(&options);
    if (lockq == NULL)
        return 1;
    if (strcmp(argv[1], "submit") == 0 && argc > 4)
        code = submit_job(lockq, argv[3], (const char *const *)argv + 4, (size_t)argc - 4);
    else if (strcmp(argv[1], "dispatch") == 0)
        code = dispatch(lockq);
    else if (strcmp(argv[1], "work") == 0 && argc == 4)
        code = work(lockq, strtoll(argv[3], NULL, 10));
    lockq_close(lockq);
    return code;
}
