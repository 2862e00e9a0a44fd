/*
 * Standing in line, and telling the place.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli.h"
#include "text.h"

#define LOOK_EVERY_MS 500

int64_t line_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* "lockq: import waits, 3 ahead: nightly holds Project/25 since 12 m 5 s (uid:1000: sync)" */
static void tell_place(const msgpack_object *view)
{
    const msgpack_object *blockers = lockq_field(view, "blockers");
    char *op = cli_text(view, "op");

    fprintf(stderr, "lockq: %s waits, %" PRIu64 "%s ahead", op, cli_number(view, "ahead", 0),
            lockq_field(view, "ahead_more") != NULL ? "+" : "");
    if (blockers != NULL && blockers->type == MSGPACK_OBJECT_ARRAY &&
        blockers->via.array.size > 0) {
        const msgpack_object *first = &blockers->via.array.ptr[0];
        char *by = cli_text(first, "op"), *key = cli_text(first, "key");
        char *state = cli_text(first, "state"), *who = cli_text(first, "who");
        char *why = cli_text(first, "why"), age[32];
        text_age(cli_wall_ms() - (int64_t)cli_number(first, "since", 0), age, sizeof age);
        fprintf(stderr, ": %s %s %s for %s (%s%s%s)", by,
                state[0] == 'g' ? "has had" : "has waited for", key, age, who,
                why[0] != '\0' ? ": " : "", why);
        free(by);
        free(key);
        free(state);
        free(who);
        free(why);
    }
    fputc('\n', stderr);
    free(op);
}

int line_wait(struct lockq *lockq, const struct options *options, int64_t until_ms,
              const volatile int *is_interrupted, struct lockq_view *view)
{
    uint64_t told = UINT64_MAX;
    bool is_first = true;

    while (view->state == LOCKQ_WAITING && !*is_interrupted) {
        int64_t left = until_ms == INT64_MAX ? INT64_MAX : until_ms - line_now_ms();
        struct lockq_params *params = lockq_params_new();
        const msgpack_object *result;
        int status;

        if (left < 0 || is_first)
            left = 0; /* asked once at once, to tell what it waits for */
        is_first = false;
        lockq_put_text(params, "op", view->op);
        lockq_put_uint(params, "timeout", (uint64_t)(left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS));
        status = lockq_call(lockq, "wait", params, CLI_ANSWER_MS, &result);
        lockq_params_free(params);
        if (status == LOCKQ_E_TIMEOUT || status == LOCKQ_E_CONNECT) {
            if (lockq_session(lockq) == 0 || (until_ms != INT64_MAX && line_now_ms() >= until_ms))
                return status;
            continue; /* the daemon is away; the place in line is not */
        }
        if (status != LOCKQ_OK)
            return status;
        lockq_view_of(result, view);
        if (view->state == LOCKQ_WAITING && options->verbose && view->ahead != told) {
            tell_place(result);
            told = view->ahead;
        }
        if (until_ms != INT64_MAX && line_now_ms() >= until_ms)
            break;
    }
    return LOCKQ_OK;
}
