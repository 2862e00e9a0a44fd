/*
 * The verbs that tell why: explain, a tree of what an operation waits for; plan, what would happen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "text.h"

#define HOLDERS_TOLD 5
#define LEAST        20 /* columns for a node, however deep it is */

/* --- explain --------------------------------------------------------------------------------- */

static const msgpack_object_array *array_of(const msgpack_object *map, const char *field)
{
    static const msgpack_object_array none;
    const msgpack_object *found = lockq_field(map, field);

    return found != NULL && found->type == MSGPACK_OBJECT_ARRAY ? &found->via.array : &none;
}

/* "import  waits 3 m 20 s", "bulk  holds Project/25 (shared) 12 m", and who and why. Owned. */
static char *describe(const msgpack_object *node, bool is_root)
{
    char *op = cli_text(node, "op"), *state = cli_text(node, "state"), *key = cli_text(node, "key");
    char *mode = cli_text(node, "mode"), *who = cli_text(node, "who"), *why = cli_text(node, "why");
    char *progress = cli_text(node, "progress"), age[32], *text = NULL;
    bool holds = state[0] == 'g', waits = state[0] == 'w';
    size_t size;
    FILE *out = open_memstream(&text, &size);

    text_age((int64_t)cli_number(node, "age", 0), age, sizeof age);
    fprintf(out, "%s  %s", op, holds ? "holds" : waits ? "waits" : "has ended");
    if (!is_root)
        fprintf(out, " %s%s%s", waits ? "for " : "", key, mode[0] == 's' ? " (shared)" : "");
    fprintf(out, " %s%s", holds || waits ? "" : "since ", age);
    if (progress[0] != '\0')
        fprintf(out, "  [%s]", progress);
    fprintf(out, "  %s%s%s", who, why[0] != '\0' ? ": " : "", why);
    fclose(out);
    free(op);
    free(state);
    free(key);
    free(mode);
    free(who);
    free(why);
    free(progress);
    return text;
}

struct drawing {
    size_t width;     /* of a terminal, where a line that wraps would break the tree; 0: none */
    struct texts ids; /* of those at the end of the branches, which keep all the others waiting */
};

static void note_holder(struct drawing *drawing, const msgpack_object *node)
{
    char *op = cli_text(node, "op");
    bool is_known = false;

    for (size_t i = 0; i < drawing->ids.n; i++)
        is_known = is_known || strcmp(drawing->ids.at[i], op) == 0;
    if (!is_known)
        texts_add(&drawing->ids, op);
    free(op);
}

/* `prefix` stands before the node's own branch, `branch` between it and the node. */
static void print_tree(const msgpack_object *node, const char *prefix, const char *branch,
                       struct drawing *drawing)
{
    const msgpack_object_array *blockers = array_of(node, "blockers");
    bool is_root = branch[0] == '\0';
    char *line = describe(node, is_root), *state = cli_text(node, "state");
    size_t before = strlen(prefix) + strlen(branch);
    char *shown = text_cut(line, drawing->width == 0               ? 0
                                 : drawing->width > before + LEAST ? drawing->width - before
                                                                   : LEAST);

    printf("%s%s%s\n", prefix, branch, shown);
    if (!is_root && state[0] == 'g' && blockers->size == 0)
        note_holder(drawing, node);
    free(line);
    free(shown);
    free(state);
    for (uint32_t i = 0; i < blockers->size; i++) {
        char *below;
        if (asprintf(&below, "%s%s", prefix,
                     is_root                      ? ""
                     : strcmp(branch, "|- ") == 0 ? "|  "
                                                  : "   ") < 0)
            abort();
        print_tree(&blockers->ptr[i], below, i + 1 == blockers->size ? "`- " : "|- ", drawing);
        free(below);
    }
}

/* A child goes with its parent. */
static bool is_child_of_one(const msgpack_object *record, const struct texts *ids)
{
    char *parent = cli_text(record, "parent");
    bool is_child = false;

    for (size_t i = 0; i < ids->n; i++)
        is_child = is_child || strcmp(ids->at[i], parent) == 0;
    free(parent);
    return is_child;
}

/* "edit-1 holds it up: ...", and what frees it: a grant whose token is not shown is tied to a
 * session, and others cannot release it. */
static void say_how_to_free(const msgpack_object *record)
{
    char *op = cli_text(record, "op"), left[32];

    if (lockq_field(record, "token") == NULL) {
        fprintf(stderr, "lockq: %s holds it up: end its process, else lockq kill %s --why TEXT\n",
                op, op);
        free(op);
        return;
    }
    text_age((int64_t)cli_number(record, "expires_in", 0), left, sizeof left);
    fprintf(stderr,
            "lockq: %s holds it up: lockq release %s if its work is done, else lockq kill %s --why "
            "TEXT; it expires %s%s\n",
            op, op, op, lockq_field(record, "expires_in") != NULL ? "by itself in " : "never",
            lockq_field(record, "expires_in") != NULL ? left : "");
    free(op);
}

/* How to go on, for a person at a terminal. */
static void say_how_to_go_on(struct lockq *lockq, struct drawing *drawing)
{
    for (size_t i = 0; i < drawing->ids.n && i < HOLDERS_TOLD && isatty(STDOUT_FILENO); i++) {
        struct lockq_params *params = lockq_params_new();
        const msgpack_object *record;
        lockq_put_text(params, "op", drawing->ids.at[i]);
        if (lockq_call(lockq, "status", params, CLI_ANSWER_MS, &record) == LOCKQ_OK &&
            !is_child_of_one(record, &drawing->ids))
            say_how_to_free(record);
        lockq_params_free(params);
    }
    for (size_t i = 0; i < drawing->ids.n; i++)
        free(drawing->ids.at[i]);
    free(drawing->ids.at);
}

int verb_explain(struct lockq *lockq, const struct options *options)
{
    struct drawing drawing = {.width = text_terminal_width()};
    const msgpack_object *result, *tree, *truncated;
    struct lockq_params *params;
    int status;

    params = lockq_params_new();
    lockq_put_text(params, "op", options->operands.at[0]);
    status = lockq_call(lockq, "explain", params, CLI_ANSWER_MS, &result);
    lockq_params_free(params);
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE) {
        cli_json(result);
        return CLI_DONE;
    }
    tree = lockq_field(result, "tree");
    if (tree == NULL || tree->type != MSGPACK_OBJECT_MAP)
        return cli_fail(lockq, options, LOCKQ_E_PROTOCOL);
    print_tree(tree, "", "", &drawing);
    truncated = lockq_field(result, "truncated");
    if (truncated != NULL && truncated->type == MSGPACK_OBJECT_BOOLEAN && truncated->via.boolean)
        fputs("lockq: there are more\n", stderr);
    say_how_to_go_on(lockq, &drawing);
    return CLI_DONE;
}

/* --- plan ------------------------------------------------------------------------------------ */

static struct lockq_params *plan_params(const struct options *options)
{
    struct lockq_params *params = lockq_params_new();
    struct lockq_submit submit = cli_submit(options, LOCKQ_TIED);

    cli_find_parent(options, &submit);
    if (submit.n_keys > 0)
        lockq_put_texts(params, "keys", submit.keys, submit.n_keys);
    if (submit.n_shared > 0)
        lockq_put_texts(params, "shared", submit.shared, submit.n_shared);
    if (submit.parent != NULL) {
        lockq_put_text(params, "parent", submit.parent);
        lockq_put_uint(params, "parent_token", submit.parent_token);
    }
    return params;
}

static void print_blocked(const msgpack_object *result)
{
    const msgpack_object_array *keys = array_of(result, "blocked");
    uint64_t n = cli_number(result, "n_blocked", 0);

    fputs("blocked keys:", stdout);
    for (uint32_t i = 0; i < keys->size; i++) {
        char *key = text_escape(keys->ptr[i].via.str.ptr, keys->ptr[i].via.str.size);
        printf(" %s", key);
        free(key);
    }
    if (n > keys->size)
        printf(" +%" PRIu64, n - keys->size);
    putchar('\n');
}

static void print_blocker(const msgpack_object *blocker)
{
    char *op = cli_text(blocker, "op"), *key = cli_text(blocker, "key");
    char *state = cli_text(blocker, "state"), *who = cli_text(blocker, "who");
    char *why = cli_text(blocker, "why"), age[32];

    text_age(cli_wall_ms() - (int64_t)cli_number(blocker, "since", 0), age, sizeof age);
    printf("  %s  %s %s %s  %s%s%s\n", op, state[0] == 'g' ? "holds" : "waits for", key, age, who,
           why[0] != '\0' ? ": " : "", why);
    free(op);
    free(key);
    free(state);
    free(who);
    free(why);
}

static void print_plan(const msgpack_object *result)
{
    const msgpack_object_array *blockers = array_of(result, "blockers");
    uint64_t ahead = cli_number(result, "ahead", 0);

    if (cli_number(result, "n_blocked", 0) == 0) {
        puts("would be granted at once");
        return;
    }
    printf("would wait, %" PRIu64 "%s ahead:\n", ahead,
           lockq_field(result, "ahead_more") != NULL ? "+" : "");
    for (uint32_t i = 0; i < blockers->size; i++)
        print_blocker(&blockers->ptr[i]);
    print_blocked(result);
}

int verb_plan(struct lockq *lockq, const struct options *options)
{
    struct lockq_params *params = plan_params(options);
    const msgpack_object *result;
    int status = lockq_call(lockq, "plan", params, CLI_ANSWER_MS, &result);

    lockq_params_free(params);
    if (status != LOCKQ_OK)
        return cli_fail(lockq, options, status);
    if (options->output != OUTPUT_TABLE)
        cli_json(result);
    else
        print_plan(result);
    return cli_number(result, "n_blocked", 1) == 0 ? CLI_DONE : CLI_NO;
}
