#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const struct verb verbs[] = {
    {"run", TAKES_KEYS, "KEY... [-s KEY]... -- CMD...", "wait for the keys, run a command, release",
     verb_run},
    {"submit", TAKES_KEYS, "KEY...", "submit a detached operation, print its id and state",
     verb_submit},
    {"hold", TAKES_KEYS, "KEY... --why TEXT", "reserve keys until they are released", verb_hold},
    {"wait", TAKES_OP, "OP", "wait until an operation is granted", verb_wait},
    {"claim", TAKES_OP, "OP", "take a granted operation over", verb_claim},
    {"renew", TAKES_OP, "OP", "make its lease begin anew, tell its progress", verb_renew},
    {"release", TAKES_OP, "OP", "give its keys back", verb_release},
    {"cancel", TAKES_OP, "OP", "take it out of the line", verb_cancel},
    {"check", TAKES_KEYS, "KEY...", "who holds these keys; exit 0 when all are free", verb_check},
    {"ls", TAKES_NOTHING, "", "the line: who holds, who waits, for whom", verb_ls},
    {"show", TAKES_OP, "OP", "everything about one operation", verb_show},
    {"explain", TAKES_OP, "OP", "what it waits for, to the root: a tree", verb_explain},
    {"plan", TAKES_KEYS, "KEY...", "what would happen; exit 0 when it would be granted", verb_plan},
    {"history", TAKES_NOTHING, "", "operations that have ended, and how", verb_history},
    {"kill", TAKES_OP, "OP --why TEXT", "take a grant away, or take it out of the line", verb_kill},
    {"drain", TAKES_NOTHING, "[--wait]", "take nothing new; --wait: until nothing is left",
     verb_drain},
    {"undrain", TAKES_NOTHING, "", "take new operations again", verb_undrain},
    {"stats", TAKES_NOTHING, "", "the daemon's counters", verb_stats},
    {"ping", TAKES_NOTHING, "", "whether the daemon answers", verb_ping},
};

#define N_VERBS (sizeof verbs / sizeof *verbs)

/* --- options --------------------------------------------------------------------------------- */

enum {
    ADDR = 256,
    NAMESPACE,
    KEYS_FROM,
    LEASE,
    CLAIM_IN,
    MAX_HOLD,
    UNCHANGED_SINCE,
    NO_PARENT,
    YES,
    WAIT,
    OP,
    WHO,
    WHY,
    TOKEN,
    PROGRESS,
    OUTCOME,
    STATE,
    KEY,
    LIMIT,
    HELP
};

/* `verbs`: those that take it, NULL: all. `argument` NULL: it has none. */
static const struct known_option {
    int option;
    const char *name, *argument, *does, *verbs;
} known[] = {
    {ADDR, "addr", "ADDR", "unix:/path or tcp:host:port (else LOCKQ_ADDR)", NULL},
    {NAMESPACE, "namespace", "NAME", "(else LOCKQ_NAMESPACE)", NULL},
    {'o', "output", "table|json|jsonl", "how the result is printed", NULL},
    {'s', "shared", "KEY", "a key to share with others that share it", "run submit hold plan"},
    {KEYS_FROM, "keys-from", "FILE", "keys from a file (- is standard input), one a line",
     "run submit hold plan check"},
    {'n', "nonblock", NULL, "refuse instead of waiting", "run submit hold plan"},
    {'w', "timeout", "TIME", "how long to stay in line", "run submit hold plan wait"},
    {LEASE, "lease", "TIME", "how long the grant lasts without renewal", "run submit plan renew"},
    {CLAIM_IN, "claim-in", "TIME", "how long it may lie unclaimed", "run submit plan"},
    {MAX_HOLD, "max-hold", "TIME", "how long it may hold, renewed or not", "run submit hold plan"},
    {UNCHANGED_SINCE, "unchanged-since", "SEQ", "end as stale if a key has changed since",
     "run submit hold plan"},
    {OP, "op", "ID", "its id: the same command again is the same operation",
     "run submit hold plan"},
    {WHO, "who", "TEXT", "who asks; for ls and history: only theirs",
     "run submit hold plan ls history"},
    {WHY, "why", "TEXT", "for the people who will read it", "run submit hold plan cancel kill"},
    {NO_PARENT, "no-parent", NULL, "no child of the lockq run around it", "run submit plan"},
    {'E', "not-granted", "N", "exit code when it was not granted (75)",
     "run submit hold plan wait"},
    {'v', "verbose", NULL, "tell the place in line, and when it changes",
     "run submit hold plan wait"},
    {TOKEN, "token", "N", "of the grant (else LOCKQ_TOKEN, else asked for)", "renew release"},
    {PROGRESS, "progress", "TEXT", "shown to those who wait", "renew"},
    {OUTCOME, "outcome", "TEXT", "for the history", "release"},
    {STATE, "state", "STATE", "only these: waiting, granted or ended", "ls"},
    {KEY, "key", "KEY", "only those with this key or one below it", "ls history"},
    {LIMIT, "limit", "N", "the last N (50)", "history"},
    {YES, "yes", NULL, "do not ask", "kill"},
    {WAIT, "wait", NULL, "until nothing is left", "drain"},
    {HELP, "help", NULL, "this text", NULL},
};

#define N_KNOWN (sizeof known / sizeof *known)

static bool is_taken_by(const struct known_option *option, const struct verb *verb)
{
    const char *at = option->verbs;
    size_t n = strlen(verb->name);

    while (at != NULL && (strncmp(at, verb->name, n) != 0 || (at[n] != ' ' && at[n] != '\0'))) {
        at = strchr(at, ' ');
        at = at != NULL ? at + 1 : NULL;
    }
    return option->verbs == NULL || at != NULL;
}

static void print_options(FILE *out, const struct verb *verb)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        char left[64];
        if (verb != NULL && !is_taken_by(&known[i], verb))
            continue;
        snprintf(left, sizeof left, "%c%c%s --%s %s", known[i].option < 256 ? '-' : ' ',
                 known[i].option < 256 ? known[i].option : ' ', known[i].option < 256 ? "," : " ",
                 known[i].name, known[i].argument != NULL ? known[i].argument : "");
        fprintf(out, "  %-30s %s\n", left, known[i].does);
    }
}

static void print_usage(FILE *out)
{
    fputs("usage: lockq VERB [OPTION]... [OPERAND]...\n\n", out);
    for (size_t i = 0; i < N_VERBS; i++)
        fprintf(out, "  %-8s %-30s %s\n", verbs[i].name, verbs[i].shown, verbs[i].does);
    fputs("\nKeys are paths (Project/25), times 500ms, 5, 5s, 2m or 1h. The options of a verb:\n"
          "lockq VERB --help. All that there are:\n\n",
          out);
    print_options(out, NULL);
    fputs(
        "\nExits with 0 done, 1 no, 64 usage, 69 no daemon, 75 not granted, 77 not permitted,\n"
        "79 the grant was lost; run otherwise as the command did, 126 or 127 if it did not run.\n",
        out);
}

static void print_help(const struct verb *verb)
{
    printf("usage: lockq %s [OPTION]... %s\n\n%s\n\n", verb->name, verb->shown, verb->does);
    print_options(stdout, verb);
}

/* --- reading --------------------------------------------------------------------------------- */

/* One key a line, whichever system ended it; empty lines are passed over. */
static bool read_keys(struct texts *keys, const char *file)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    char *line = NULL;
    size_t size = 0;
    bool is_read;

    if (in == NULL) {
        cli_usage("%s: %s", file, strerror(errno));
        return false;
    }
    for (ssize_t n; (n = getline(&line, &size, in)) >= 0;) {
        if (n > 0 && line[n - 1] == '\n')
            line[--n] = '\0';
        if (n > 0 && line[n - 1] == '\r')
            line[--n] = '\0';
        if (n > 0)
            texts_add(keys, line);
    }
    is_read = !ferror(in);
    if (!is_read)
        cli_usage("%s: %s", file, strerror(errno));
    free(line);
    if (in != stdin)
        fclose(in);
    return is_read;
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
    const char **to = option == ADDR        ? &options->address
                      : option == NAMESPACE ? &options->name_space
                      : option == OP        ? &options->op
                      : option == WHO       ? &options->who
                      : option == WHY       ? &options->why
                      : option == PROGRESS  ? &options->progress
                      : option == OUTCOME   ? &options->outcome
                      : option == STATE     ? &options->state
                      : option == KEY       ? &options->key
                                            : NULL;

    if (to != NULL)
        *to = optarg;
    return to != NULL;
}

static bool read_flags(struct options *options, int option)
{
    bool *to = option == 'n'         ? &options->nonblock
               : option == NO_PARENT ? &options->no_parent
               : option == YES       ? &options->yes
               : option == WAIT      ? &options->waits
               : option == 'v'       ? &options->verbose
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
    case KEYS_FROM:
        return read_keys(&options->operands, optarg);
    case 'w':
        return read_time(optarg, &options->timeout_ms);
    case LEASE:
        return read_time(optarg, &options->lease_ms);
    case CLAIM_IN:
        return read_time(optarg, &options->claim_in_ms);
    case MAX_HOLD:
        return read_time(optarg, &options->max_hold_ms);
    case UNCHANGED_SINCE:
        if (!read_number(optarg, INT64_MAX, &number))
            return false;
        options->unchanged_since = (int64_t)number;
        return true;
    case TOKEN:
        return read_number(optarg, UINT64_MAX, &options->token);
    case LIMIT:
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

static const struct known_option *find_option(int option)
{
    for (size_t i = 0; i < N_KNOWN; i++)
        if (known[i].option == option)
            return &known[i];
    return NULL;
}

/* For getopt: all that there are, so that one of another verb is named as such. */
static void fill_getopt(struct option options[N_KNOWN + 1], char letters[2 * N_KNOWN + 2])
{
    size_t n = 0;

    letters[n++] = ':'; /* it says nothing itself, and tells what lacks its argument */
    for (size_t i = 0; i < N_KNOWN; i++) {
        options[i] =
            (struct option){known[i].name, known[i].argument != NULL, NULL, known[i].option};
        if (known[i].option >= 256)
            continue;
        letters[n++] = (char)known[i].option;
        if (known[i].argument != NULL)
            letters[n++] = ':';
    }
    options[N_KNOWN] = (struct option){0};
    letters[n] = '\0';
}

static bool read_options(const struct verb *verb, int argc, char **argv, struct options *options)
{
    struct option long_options[N_KNOWN + 1];
    char letters[2 * N_KNOWN + 2];

    fill_getopt(long_options, letters);
    for (int option; (option = getopt_long(argc, argv, letters, long_options, NULL)) != -1;) {
        const struct known_option *found = find_option(option);
        if (option == ':') {
            cli_usage("--%s needs a value", find_option(optopt)->name);
            return false;
        }
        if (found == NULL) {
            const char letter[] = {'-', (char)optopt, '\0'};
            cli_usage("%s is no option (lockq %s --help tells what there is)",
                      optopt != 0 ? letter : argv[optind - 1], verb->name);
            return false;
        }
        if (!is_taken_by(found, verb)) {
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

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < N_VERBS; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    return NULL;
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
    *verb = find_verb(first);
    if (*verb != NULL && (first != argv[1] || asks_for_help(argc - 2, argv + 2))) {
        print_help(*verb);
        return ARGUMENTS_ANSWERED;
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "help") == 0) {
        print_usage(stdout);
        return ARGUMENTS_ANSWERED;
    }
    if (*verb == NULL) {
        if (argc >= 2)
            cli_usage("there is no verb %s", first);
        print_usage(stderr);
        return ARGUMENTS_WRONG;
    }
    argc--;
    argv++;
    if ((*verb)->call == verb_run)
        options->command = split_command(&argc, argv);
    return read_options(*verb, argc, argv, options) && has_operands(*verb, options)
               ? ARGUMENTS_READ
               : ARGUMENTS_WRONG;
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
