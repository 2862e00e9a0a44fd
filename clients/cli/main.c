/*
 * lockq: operations on overlapping objects, from the command line.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "text.h"

struct verb {
    const char *name, *operands, *does;
    int (*call)(struct lockq *lockq, const struct options *options);
    bool takes_keys;
};

static const struct verb verbs[] = {
    {"run", "KEY... [-s KEY]... -- CMD...", "wait for the keys, run a command, release", verb_run,
     true},
    {"submit", "KEY...", "submit a detached operation, print its id and state", verb_submit, true},
    {"hold", "KEY... --why TEXT", "reserve keys until they are released", verb_hold, true},
    {"wait", "OP", "wait until an operation is granted", verb_wait, false},
    {"claim", "OP", "take a granted operation over", verb_claim, false},
    {"renew", "OP", "make its lease begin anew, tell its progress", verb_renew, false},
    {"release", "OP", "give its keys back", verb_release, false},
    {"cancel", "OP", "take it out of the line", verb_cancel, false},
    {"check", "KEY...", "who holds these keys; exit 0 when all are free", verb_check, false},
    {"ls", "", "the line: who holds, who waits, for whom", verb_ls, false},
    {"show", "OP", "everything about one operation", verb_show, false},
    {"explain", "OP", "what it waits for, to the root: a tree", verb_explain, false},
    {"plan", "KEY...", "what would happen; exit 0 when it would be granted", verb_plan, true},
    {"history", "", "operations that have ended, and how", verb_history, false},
    {"kill", "OP --why TEXT", "take a grant away, or take it out of the line", verb_kill, false},
    {"drain", "[--wait]", "take nothing new; --wait: until nothing is left", verb_drain, false},
    {"undrain", "", "take new operations again", verb_undrain, false},
    {"stats", "", "the daemon's counters", verb_stats, false},
    {"ping", "", "whether the daemon answers", verb_ping, false},
};

#define N_VERBS (sizeof verbs / sizeof *verbs)

static void print_usage(FILE *out)
{
    fputs("usage: lockq VERB [OPTION]... [OPERAND]...\n\n", out);
    for (size_t i = 0; i < N_VERBS; i++)
        fprintf(out, "  %-8s %-30s %s\n", verbs[i].name, verbs[i].operands, verbs[i].does);
    fputs("\n"
          "Which daemon:\n"
          "  --addr ADDR          unix:/path or tcp:host:port (else LOCKQ_ADDR)\n"
          "  --namespace NAME     (else LOCKQ_NAMESPACE)\n"
          "Keys are paths (Project/25); run, submit and hold also take\n"
          "  -s, --shared KEY     a key to share with others that share it\n"
          "  --keys-from FILE     keys from a file (- is standard input), one a line\n"
          "  -n, --nonblock       refuse instead of waiting\n"
          "  -w, --timeout TIME   how long to stay in line (also: wait)\n"
          "  --lease TIME         how long the grant lasts without renewal\n"
          "  --claim-in TIME      how long it may lie unclaimed\n"
          "  --max-hold TIME      how long it may hold, renewed or not\n"
          "  --unchanged-since SEQ  refuse if a key has changed since (stale)\n"
          "  --op ID, --who TEXT, --why TEXT\n"
          "  --no-parent          run: no child of the lockq run around it\n"
          "  -E, --not-granted N  exit code when not granted (75)\n"
          "  -v, --verbose        tell the place in line\n"
          "Others:\n"
          "  --token N            release, renew: of the grant (else LOCKQ_TOKEN, else asked for)\n"
          "  --progress TEXT      renew\n"
          "  --outcome TEXT       release\n"
          "  --state, --who, --key  ls, history: only those\n"
          "  --limit N            history: the last N (50)\n"
          "  --yes                kill: do not ask\n"
          "  -o table|json|jsonl  output\n"
          "Times: 500ms, 5, 5s, 2m, 1h\n",
          out);
}

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
    HELP,
    VERSION
};

static const struct option long_options[] = {
    {"addr", required_argument, NULL, ADDR},
    {"namespace", required_argument, NULL, NAMESPACE},
    {"shared", required_argument, NULL, 's'},
    {"keys-from", required_argument, NULL, KEYS_FROM},
    {"nonblock", no_argument, NULL, 'n'},
    {"timeout", required_argument, NULL, 'w'},
    {"lease", required_argument, NULL, LEASE},
    {"claim-in", required_argument, NULL, CLAIM_IN},
    {"max-hold", required_argument, NULL, MAX_HOLD},
    {"unchanged-since", required_argument, NULL, UNCHANGED_SINCE},
    {"no-parent", no_argument, NULL, NO_PARENT},
    {"yes", no_argument, NULL, YES},
    {"wait", no_argument, NULL, WAIT},
    {"op", required_argument, NULL, OP},
    {"who", required_argument, NULL, WHO},
    {"why", required_argument, NULL, WHY},
    {"token", required_argument, NULL, TOKEN},
    {"progress", required_argument, NULL, PROGRESS},
    {"outcome", required_argument, NULL, OUTCOME},
    {"state", required_argument, NULL, STATE},
    {"key", required_argument, NULL, KEY},
    {"limit", required_argument, NULL, LIMIT},
    {"not-granted", required_argument, NULL, 'E'},
    {"verbose", no_argument, NULL, 'v'},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {0},
};

/* One key a line, whichever system ended it; empty lines are passed over. */
static bool read_keys(struct texts *keys, const char *file)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    char *line = NULL;
    size_t size = 0;

    if (in == NULL) {
        perror(file);
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
    free(line);
    if (in != stdin)
        fclose(in);
    return true;
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

    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && *number <= most)
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

static bool take_option(struct options *options, int option)
{
    uint64_t number;

    switch (option) {
    case ADDR:
        options->address = optarg;
        return true;
    case NAMESPACE:
        options->name_space = optarg;
        return true;
    case 's':
        texts_add(&options->shared, optarg);
        return true;
    case KEYS_FROM:
        return read_keys(&options->operands, optarg);
    case 'n':
        options->nonblock = true;
        return true;
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
    case NO_PARENT:
        options->no_parent = true;
        return true;
    case YES:
        options->yes = true;
        return true;
    case WAIT:
        options->waits = true;
        return true;
    case OP:
        options->op = optarg;
        return true;
    case WHO:
        options->who = optarg;
        return true;
    case WHY:
        options->why = optarg;
        return true;
    case TOKEN:
        return read_number(optarg, UINT64_MAX, &options->token);
    case PROGRESS:
        options->progress = optarg;
        return true;
    case OUTCOME:
        options->outcome = optarg;
        return true;
    case STATE:
        options->state = optarg;
        return true;
    case KEY:
        options->key = optarg;
        return true;
    case LIMIT:
        return read_number(optarg, UINT64_MAX, &options->limit);
    case 'E':
        if (!read_number(optarg, 255, &number))
            return false;
        options->not_granted = (int)number;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case 'o':
        return read_output(optarg, &options->output);
    case HELP:
        print_usage(stdout);
        exit(CLI_DONE);
    case VERSION:
        puts("lockq " LOCKQ_VERSION);
        exit(CLI_DONE);
    default:
        return false; /* getopt has said why */
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

static bool read_arguments(const struct verb *verb, int argc, char **argv, struct options *options)
{
    if (verb->call == verb_run)
        options->command = split_command(&argc, argv);
    for (int option; (option = getopt_long(argc, argv, "s:nw:E:vo:", long_options, NULL)) != -1;)
        if (!take_option(options, option))
            return false;
    for (int i = optind; i < argc; i++)
        texts_add(&options->operands, argv[i]);
    if (!verb->takes_keys || options->operands.n + options->shared.n > 0)
        return true;
    cli_usage("%s needs keys", verb->name);
    return false;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < N_VERBS; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    return NULL;
}

static void free_texts(struct texts *texts)
{
    for (size_t i = 0; i < texts->n; i++)
        free(texts->at[i]);
    free(texts->at);
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
    int code;

    setlocale(LC_CTYPE, "");
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_usage(stdout);
        return CLI_DONE;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        puts("lockq " LOCKQ_VERSION);
        return CLI_DONE;
    }
    verb = argc >= 2 ? find_verb(argv[1]) : NULL;
    if (verb == NULL) {
        if (argc >= 2)
            cli_usage("there is no verb %s", argv[1]);
        print_usage(stderr);
        return CLI_USAGE;
    }
    if (!read_arguments(verb, argc - 1, argv + 1, &options))
        return CLI_USAGE;
    lockq = cli_open(&options);
    code = verb->call(lockq, &options);
    lockq_close(lockq);
    free_texts(&options.operands);
    free_texts(&options.shared);
    if (fflush(stdout) != 0 && code == CLI_DONE) {
        perror("lockq: standard output");
        code = CLI_NO;
    }
    return code;
}
