#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* One key a line, whichever system ended it; empty lines are passed over. */
static bool read_keys(struct texts *keys, const char *file)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    char *line = NULL;
    size_t size = 0;
    size_t number = 0;
    bool is_read, is_right = true;

    if (in == NULL) {
        cli_usage("%s: %s", file, strerror(errno));
        return false;
    }
    for (ssize_t n; is_right && (n = getline(&line, &size, in)) >= 0;) {
        number++;
        is_right = strlen(line) == (size_t)n; /* cut at a byte 0 it would be another key */
        if (n > 0 && line[n - 1] == '\n')
            line[--n] = '\0';
        if (n > 0 && line[n - 1] == '\r')
            line[--n] = '\0';
        if (n > 0)
            texts_add(keys, line);
    }
    is_read = !ferror(in);
    if (!is_right)
        cli_usage("%s:%zu: a key must be text, and a byte 0 is in it", file, number);
    else if (!is_read)
        cli_usage("%s: %s", file, strerror(errno));
    free(line);
    if (in != stdin)
        fclose(in);
    return is_read && is_right;
}

static bool read_time(const char *text, int64_t *ms)
{
    if (text_duration(text, ms))
        return true;
    cli_usage("%s is no time (500ms, 5, 5s, 2m, 1h)", text);
    return false;
}

static bool read_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number <= most)
        return true;
    cli_usage("%s is no number up to %llu", text, (unsigned long long)most);
    return false;
}

static bool read_output(const char *name, enum output *output)
{
    static const char *const names[] = {"table", "json", "jsonl"};

    for (int i = OUTPUT_TABLE; i <= OUTPUT_JSONL; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *output = (enum output)i;
        return true;
    }
    cli_usage("-o takes table, json or jsonl");
    return false;
}

static bool read_texts(struct options *options, int option)
{
    const char **to = option == OPTION_ADDR        ? &options->address
                      : option == OPTION_NAMESPACE ? &options->name_space
                      : option == OPTION_OP        ? &options->op
                      : option == OPTION_WHO       ? &options->who
                      : option == OPTION_WHY       ? &options->why
                      : option == OPTION_PROGRESS  ? &options->progress
                      : option == OPTION_OUTCOME   ? &options->outcome
                      : option == OPTION_STATE     ? &options->state
                      : option == OPTION_KEY       ? &options->key
                                                   : NULL;

    if (to != NULL)
        *to = optarg;
    return to != NULL;
}

static bool read_flags(struct options *options, int option)
{
    bool *to = option == 'n'                ? &options->nonblock
               : option == OPTION_NO_PARENT ? &options->no_parent
               : option == OPTION_YES       ? &options->yes
               : option == OPTION_WAIT      ? &options->waits
               : option == 'v'              ? &options->verbose
                                            : NULL;

    if (to != NULL)
        *to = true;
    return to != NULL;
}

static bool take_option(struct options *options, int option)
{
    uint64_t number;

    if (read_texts(options, option) || read_flags(options, option))
        return true;
    switch (option) {
    case 's':
        texts_add(&options->shared, optarg);
        return true;
    case OPTION_KEYS_FROM:
        return read_keys(&options->operands, optarg);
    case 'w':
        return read_time(optarg, &options->timeout_ms);
    case OPTION_LEASE:
        return read_time(optarg, &options->lease_ms);
    case OPTION_CLAIM_IN:
        return read_time(optarg, &options->claim_in_ms);
    case OPTION_MAX_HOLD:
        return read_time(optarg, &options->max_hold_ms);
    case OPTION_UNCHANGED_SINCE:
        if (!read_number(optarg, INT64_MAX, &number))
            return false;
        options->unchanged_since = (int64_t)number;
        return true;
    case OPTION_TOKEN:
        if (text_token(optarg, &options->token))
            return true;
        cli_usage("--token: %s is no token", optarg);
        return false;
    case OPTION_LIMIT:
        return read_number(optarg, UINT64_MAX, &options->limit);
    case 'E':
        if (!read_number(optarg, 255, &number))
            return false;
        options->not_granted = (int)number;
        return true;
    default:
        return option == 'o' && read_output(optarg, &options->output);
    }
}

/* What stands behind the first -- is the command, for run. */
static char **split_command(int *argc, char **argv)
{
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        argv[i] = NULL;
        *argc = i;
        return &argv[i + 1];
    }
    return NULL;
}

static bool read_options(const struct verb *verb, int argc, char **argv, struct options *options)
{
    const char *letters;
    const struct option *long_options = known_getopt(&letters);

    for (int option; (option = getopt_long(argc, argv, letters, long_options, NULL)) != -1;) {
        const struct known_option *found = known_find_option(option);
        if (option == ':') {
            cli_usage("--%s needs a value", known_find_option(optopt)->name);
            return false;
        }
        if (found == NULL) {
            const char letter[] = {'-', (char)optopt, '\0'};
            cli_usage("%s is no option (lockq %s --help tells what there is)",
                      optopt != 0 ? letter : argv[optind - 1], verb->name);
            return false;
        }
        if (!known_is_taken_by(found, verb)) {
            cli_usage("%s takes no --%s", verb->name, found->name);
            return false;
        }
        if (!take_option(options, option))
            return false;
    }
    for (int i = optind; i < argc; i++)
        texts_add(&options->operands, argv[i]);
    return true;
}

static bool has_operands(const struct verb *verb, const struct options *options)
{
    size_t n = options->operands.n;

    if (verb->operands == TAKES_KEYS && n + options->shared.n == 0)
        cli_usage("%s needs keys", verb->name);
    else if (verb->operands == TAKES_OP && n != 1)
        cli_usage("%s takes the id of one operation", verb->name);
    else if (verb->operands == TAKES_NOTHING && n > 0)
        cli_usage("%s takes no operand: %s", verb->name, options->operands.at[0]);
    else
        return true;
    return false;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && argv[i] != NULL && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

enum arguments_result arguments_read(int argc, char **argv, const struct verb **verb,
                                     struct options *options)
{
    const char *first = argc >= 2 ? argv[1] : "";

    if (strcmp(first, "--version") == 0) {
        puts("lockq " LOCKQ_VERSION);
        return ARGUMENTS_ANSWERED;
    }
    if (strcmp(first, "help") == 0 && argc == 3)
        first = argv[2];
    *verb = known_find_verb(first);
    if (*verb != NULL && (first != argv[1] || asks_for_help(argc - 2, argv + 2))) {
        known_print_help(*verb);
        return ARGUMENTS_ANSWERED;
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "help") == 0) {
        known_print_usage(stdout);
        return ARGUMENTS_ANSWERED;
    }
    if (*verb == NULL) {
        if (argc >= 2)
            cli_usage("there is no verb %s (lockq --help tells what there is)", first);
        else
            known_print_usage(stderr);
        return ARGUMENTS_WRONG;
    }
    argc--;
    argv++;
    if ((*verb)->call == verb_run)
        options->command = split_command(&argc, argv);
    if (!read_options(*verb, argc, argv, options) || !has_operands(*verb, options))
        return ARGUMENTS_WRONG;
    options->subject = (*verb)->operands == TAKES_OP ? options->operands.at[0] : options->op;
    return ARGUMENTS_READ;
}

static void free_texts(struct texts *texts)
{
    for (size_t i = 0; i < texts->n; i++)
        free(texts->at[i]);
    free(texts->at);
}

void arguments_free(struct options *options)
{
    free_texts(&options->operands);
    free_texts(&options->shared);
}
