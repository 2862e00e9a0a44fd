#include "line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

#define LOOK_EVERY_MS 500
#define LEAVE_MS      5000

int64_t line_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what stands before it ------------------------------------------------------------------- */

static const msgpack_object_array *array_of(const msgpack_object *map, const char *field)
{
    static const msgpack_object_array none;
    const msgpack_object *found = lockq_field(map, field);

    return found != NULL && found->type == MSGPACK_OBJECT_ARRAY ? &found->via.array : &none;
}

void line_write_blocker(FILE *out, const msgpack_object *blocker)
{
    char *by = cli_text(blocker, "op"), *key = cli_text(blocker, "key");
    char *state = cli_text(blocker, "state"), *who = cli_text(blocker, "who");
    char *why = cli_text(blocker, "why"), age[32];

    text_age(cli_wall_ms() - (int64_t)cli_number(blocker, "since", 0), age, sizeof age);
    fprintf(out, "%s %s %s for %s (%s%s%s)", by, state[0] == 'g' ? "has had" : "has waited for",
            key, age, who, why[0] != '\0' ? ": " : "", why);
    free(by);
    free(key);
    free(state);
    free(who);
    free(why);
}

/* "3 ahead: nightly has had ..."; owned by the caller. */
static char *ahead_of(const msgpack_object *view)
{
    const msgpack_object_array *blockers = array_of(view, "blockers");
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fprintf(out, "%" PRIu64 "%s ahead", cli_number(view, "ahead", 0),
            lockq_field(view, "ahead_more") != NULL ? "+" : "");
    if (blockers->size > 0) {
        fputs(": ", out);
        line_write_blocker(out, &blockers->ptr[0]);
    }
    fclose(out);
    return text;
}

void line_tell_place(const msgpack_object *view)
{
    char *op = cli_text(view, "op"), *ahead = ahead_of(view);

    fprintf(stderr, "lockq: %s waits, %s\n", op, ahead);
    free(op);
    free(ahead);
}

/* --- waiting --------------------------------------------------------------------------------- */

/* Its place, and who stands first before it: what is told again when it changes. */
static void note_place(struct line *line, const msgpack_object *view, char told[2 * LOCKQ_ID_SIZE])
{
    const msgpack_object_array *blockers = array_of(view, "blockers");
    char *first = blockers->size > 0 ? cli_text(&blockers->ptr[0], "op") : strdup("");
    char place[2 * LOCKQ_ID_SIZE];

    free(line->ahead);
    line->ahead = ahead_of(view);
    snprintf(place, sizeof place, "%" PRIu64 " %s", cli_number(view, "ahead", 0), first);
    free(first);
    if (!line->options->verbose || strcmp(place, told) == 0)
        return;
    line_tell_place(view);
    memcpy(told, place, sizeof place);
}

/* Asks for the view, which is answered at once if it has changed, else after a while. */
static int ask(const struct line *line, int64_t left_ms, const msgpack_object **result)
{
    struct lockq_params *params = lockq_params_new();
    int status;

    lockq_put_text(params, "op", line->view.op);
    lockq_put_uint(params, "timeout",
                   (uint64_t)(left_ms < LOOK_EVERY_MS ? left_ms : LOOK_EVERY_MS));
    status = lockq_call(line->lockq, "wait", params, CLI_ANSWER_MS, result);
    lockq_params_free(params);
    return status;
}

int line_wait(struct line *line)
{
    char told[2 * LOCKQ_ID_SIZE] = "";
    int64_t left = 0; /* asked once at once, to tell what it waits for */

    while (line->view.state == LOCKQ_WAITING &&
           (line->is_interrupted == NULL || !*line->is_interrupted)) {
        const msgpack_object *result;
        int status = ask(line, left, &result);
        left = line->until_ms == INT64_MAX ? INT64_MAX : line->until_ms - line_now_ms();
        if (status == LOCKQ_E_TIMEOUT || status == LOCKQ_E_CONNECT) {
            if (lockq_session(line->lockq) == 0 || left <= 0)
                return status;
            continue; /* the daemon is away; the place in line is not */
        }
        if (status != LOCKQ_OK)
            return status;
        lockq_view_of(result, &line->view);
        if (line->view.state == LOCKQ_WAITING)
            note_place(line, result, told);
        if (left <= 0)
            break;
    }
    return LOCKQ_OK;
}

/* --- why it came to nothing ------------------------------------------------------------------ */

/* ": Project/25 was changed by ann (import), and 3 more" */
static void say_what_changed(const msgpack_object *view)
{
    const msgpack_object_array *changed = array_of(view, "changed");
    char *key, *op, *who;

    if (changed->size == 0)
        return;
    key = cli_text(&changed->ptr[0], "key");
    op = cli_text(&changed->ptr[0], "op");
    who = cli_text(&changed->ptr[0], "who");
    if (op[0] == '\0' && who[0] == '\0')
        fprintf(stderr, ": %s may have changed", key);
    else
        fprintf(stderr, ": %s was changed by %s (%s)", key, who, op);
    if (changed->size > 1)
        fprintf(stderr, ", and %" PRIu32 " more", changed->size - 1);
    free(key);
    free(op);
    free(who);
}

/* ": mine would wait for other, other waits for mine" in the words of the blockers. */
static void say_the_cycle(const msgpack_object *view)
{
    const msgpack_object_array *cycle = array_of(view, "blockers");

    for (uint32_t i = 0; i < cycle->size; i++) {
        fputs(i == 0 ? ": it would wait for itself: " : ", ", stderr);
        line_write_blocker(stderr, &cycle->ptr[i]);
    }
}

static void say_why_ended(const msgpack_object *view)
{
    char *why = cli_text(view, "why_ended");

    if (why[0] != '\0')
        fprintf(stderr, ": %s", why);
    free(why);
}

int line_not_granted(const struct line *line, const msgpack_object *result)
{
    const char *end = line->view.end;

    fprintf(stderr, "lockq: not granted: %s", end);
    if (strcmp(end, "refused") == 0) {
        char *ahead = ahead_of(result);
        fprintf(stderr, ", %s", ahead);
        free(ahead);
    } else if (strcmp(end, "timeout") == 0 && line->ahead != NULL) {
        fprintf(stderr, ", %s", line->ahead);
    } else if (strcmp(end, "stale") == 0) {
        say_what_changed(result);
    } else if (strcmp(end, "deadlock") == 0) {
        say_the_cycle(result);
    } else {
        say_why_ended(result);
    }
    fputc('\n', stderr);
    return line->options->not_granted;
}

void line_leave(struct lockq *lockq, struct lockq_view *view)
{
    if (lockq_cancel(lockq, view->op, "interrupted", LEAVE_MS, NULL) != LOCKQ_NOT_WAITING ||
        lockq_wait(lockq, view->op, LEAVE_MS, view) != LOCKQ_OK || view->state != LOCKQ_GRANTED)
        return;
    if (lockq_release(lockq, view->op, view->token, NULL, LEAVE_MS, NULL) != LOCKQ_OK)
        fprintf(stderr, "lockq: %s could not be released: %s\n", view->op, lockq_why(lockq));
}

void line_finish(struct line *line)
{
    free(line->ahead);
    line->ahead = NULL;
}
