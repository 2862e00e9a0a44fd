#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "text.h"

void texts_add(struct texts *texts, const char *text)
{
    if (texts->n == texts->cap) {
        texts->cap = texts->cap == 0 ? 16 : texts->cap * 2;
        texts->at = realloc(texts->at, texts->cap * sizeof *texts->at);
        if (texts->at == NULL)
            abort();
    }
    texts->at[texts->n++] = strdup(text);
}

int cli_usage(const char *format, ...)
{
    va_list arguments;

    fputs("lockq: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return CLI_USAGE;
}

static int exit_code_of(int status)
{
    switch (status) {
    case LOCKQ_E_TIMEOUT:
    case LOCKQ_E_CONNECT:
    case LOCKQ_E_PROTOCOL:
    case LOCKQ_GOING_AWAY:
    case LOCKQ_UNAVAILABLE:
        return CLI_NO_DAEMON;
    case LOCKQ_E_LOST:
        return CLI_LOST;
    case LOCKQ_E_ADDRESS:
    case LOCKQ_BAD_REQUEST:
    case LOCKQ_UNKNOWN_METHOD:
    case LOCKQ_OVER_LIMIT:
    case LOCKQ_OP_REUSED:
        return CLI_USAGE;
    case LOCKQ_DENIED:
        return CLI_DENIED;
    default:
        return CLI_NO;
    }
}

/* Those that say "the operation": which one is told with them. */
static bool is_about_operation(int status)
{
    return status == LOCKQ_NOT_FOUND || status == LOCKQ_WRONG_TOKEN || status == LOCKQ_NOT_OWNER ||
           status == LOCKQ_NOT_WAITING || status == LOCKQ_NOT_GRANTED ||
           status == LOCKQ_ALREADY_CLAIMED || status == LOCKQ_CHILDREN_ACTIVE;
}

/* Nobody has named the daemon: perhaps it is another one that is meant. */
static bool is_address_usual(const struct options *options)
{
    const char *named = getenv("LOCKQ_ADDR");
    return options->address == NULL && (named == NULL || named[0] == '\0');
}

int cli_fail(struct lockq *lockq, const struct options *options, int status)
{
    const char *why = lockq_why(lockq);
    char *shown = text_escape(why, strlen(why)), *op = NULL;

    if (is_about_operation(status) && options->subject != NULL)
        op = text_escape(options->subject, strlen(options->subject));
    fprintf(
        stderr, "lockq: %s%s%s%s%s%s\n", status < LOCKQ_E_TIMEOUT ? lockq_status_name(status) : "",
        status < LOCKQ_E_TIMEOUT ? ": " : "", op != NULL ? op : "", op != NULL ? ": " : "", shown,
        status == LOCKQ_E_CONNECT && is_address_usual(options)
            ? " (--addr or LOCKQ_ADDR names another address)"
            : "");
    free(op);
    free(shown);
    return exit_code_of(status);
}

struct lockq *cli_open(const struct options *options)
{
    struct lockq_options how = {.address = options->address,
                                .name_space = options->name_space,
                                .client = "lockq",
                                .fails_at_once = true};
    struct lockq *lockq = lockq_open(&how);

    if (lockq == NULL)
        abort();
    return lockq;
}

struct lockq_submit cli_submit(const struct options *options, int64_t lease_ms)
{
    return (struct lockq_submit){
        .keys = (const char *const *)options->operands.at,
        .n_keys = options->operands.n,
        .shared = (const char *const *)options->shared.at,
        .n_shared = options->shared.n,
        .op = options->op,
        .wait_ms = options->nonblock ? 0 : options->timeout_ms,
        .lease_ms = lease_ms,
        .claim_in_ms = options->claim_in_ms,
        .max_hold_ms = options->max_hold_ms,
        .unchanged_since = options->unchanged_since,
        .who = options->who,
        .why = options->why,
    };
}

static bool is_other(const char *given, const char *variable)
{
    const char *own = getenv(variable);
    return given != NULL && (own == NULL || strcmp(given, own) != 0);
}

void cli_find_parent(const struct options *options, struct lockq_submit *submit)
{
    const char *op = getenv("LOCKQ_OP"), *token = getenv("LOCKQ_TOKEN");

    if (options->no_parent || op == NULL || token == NULL || op[0] == '\0' ||
        is_other(options->address, "LOCKQ_ADDR") ||
        is_other(options->name_space, "LOCKQ_NAMESPACE"))
        return;
    submit->parent = op;
    submit->parent_token = strtoull(token, NULL, 10);
}

int cli_fail_child(struct lockq *lockq, const struct options *options,
                   const struct lockq_submit *submit, int status)
{
    char *shown;

    if (submit->parent == NULL ||
        (status != LOCKQ_NOT_GRANTED && status != LOCKQ_NOT_FOUND && status != LOCKQ_WRONG_TOKEN))
        return cli_fail(lockq, options, status);
    shown = text_escape(submit->parent, strlen(submit->parent));
    fprintf(stderr,
            "lockq: %s, which this runs under (LOCKQ_OP), has ended; --no-parent ignores it\n",
            shown);
    free(shown);
    return options->not_granted;
}

int64_t cli_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_json(const msgpack_object *result)
{
    json_write(stdout, result);
    putchar('\n');
}

char *cli_text_of(const msgpack_object *text)
{
    if (text == NULL || text->type != MSGPACK_OBJECT_STR)
        return strdup("");
    return text_escape(text->via.str.ptr, text->via.str.size);
}

char *cli_text(const msgpack_object *map, const char *field)
{
    return cli_text_of(lockq_field(map, field));
}

uint64_t cli_number(const msgpack_object *map, const char *field, uint64_t missing)
{
    const msgpack_object *found = lockq_field(map, field);

    return found != NULL && found->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? found->via.u64
                                                                           : missing;
}
