#include "known.h"

#include <string.h>

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

static const struct known_option known[] = {
    {OPTION_ADDR, "addr", "ADDR", "unix:/path or tcp:host:port (else LOCKQ_ADDR)", NULL},
    {OPTION_NAMESPACE, "namespace", "NAME", "(else LOCKQ_NAMESPACE)", NULL},
    {'o', "output", "table|json|jsonl", "how the result is printed", NULL},
    {'s', "shared", "KEY", "a key to share with others that share it", "run submit hold plan"},
    {OPTION_KEYS_FROM, "keys-from", "FILE", "keys from a file (- is standard input), one a line",
     "run submit hold plan check"},
    {'n', "nonblock", NULL, "refuse instead of waiting", "run submit hold plan"},
    {'w', "timeout", "TIME", "how long to stay in line", "run submit hold plan wait"},
    {OPTION_LEASE, "lease", "TIME", "how long the grant lasts without renewal",
     "run submit plan renew"},
    {OPTION_CLAIM_IN, "claim-in", "TIME", "how long it may lie unclaimed", "run submit plan"},
    {OPTION_MAX_HOLD, "max-hold", "TIME", "how long it may hold, renewed or not",
     "run submit hold plan"},
    {OPTION_UNCHANGED_SINCE, "unchanged-since", "SEQ", "end as stale if a key has changed since",
     "run submit hold plan"},
    {OPTION_OP, "op", "ID", "its id: the same command again is the same operation",
     "run submit hold plan"},
    {OPTION_WHO, "who", "TEXT", "who asks; for ls and history: only theirs",
     "run submit hold plan ls history"},
    {OPTION_WHY, "why", "TEXT", "for the people who will read it",
     "run submit hold plan cancel kill"},
    {OPTION_NO_PARENT, "no-parent", NULL, "no child of the lockq run around it", "run submit plan"},
    {'E', "not-granted", "N", "exit code when it was not granted (75)",
     "run submit hold plan wait"},
    {'v', "verbose", NULL, "tell the place in line, and when it changes",
     "run submit hold plan wait"},
    {OPTION_TOKEN, "token", "N", "of the grant (else LOCKQ_TOKEN, else asked for)",
     "renew release"},
    {OPTION_PROGRESS, "progress", "TEXT", "shown to those who wait", "renew"},
    {OPTION_OUTCOME, "outcome", "TEXT", "for the history", "release"},
    {OPTION_STATE, "state", "STATE", "only these: waiting, granted or ended", "ls"},
    {OPTION_KEY, "key", "KEY", "only those with this key or one below it", "ls history"},
    {OPTION_LIMIT, "limit", "N", "the last N (50)", "history"},
    {OPTION_YES, "yes", NULL, "do not ask", "kill"},
    {OPTION_WAIT, "wait", NULL, "until nothing is left", "drain"},
    {OPTION_HELP, "help", NULL, "this text", NULL},
};

#define N_KNOWN (sizeof known / sizeof *known)

const struct verb *known_find_verb(const char *name)
{
    for (size_t i = 0; i < N_VERBS; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    return NULL;
}

const struct known_option *known_find_option(int option)
{
    for (size_t i = 0; i < N_KNOWN; i++)
        if (known[i].option == option)
            return &known[i];
    return NULL;
}

bool known_is_taken_by(const struct known_option *option, const struct verb *verb)
{
    const char *at = option->verbs;
    size_t n = strlen(verb->name);

    while (at != NULL && (strncmp(at, verb->name, n) != 0 || (at[n] != ' ' && at[n] != '\0'))) {
        at = strchr(at, ' ');
        at = at != NULL ? at + 1 : NULL;
    }
    return option->verbs == NULL || at != NULL;
}

const struct option *known_getopt(const char **letters)
{
    static struct option options[N_KNOWN + 1];
    static char text[2 * N_KNOWN + 2];
    size_t n = 0;

    text[n++] = ':'; /* it says nothing itself, and tells what lacks its argument */
    for (size_t i = 0; i < N_KNOWN; i++) {
        options[i] =
            (struct option){known[i].name, known[i].argument != NULL, NULL, known[i].option};
        if (known[i].option >= 256)
            continue;
        text[n++] = (char)known[i].option;
        if (known[i].argument != NULL)
            text[n++] = ':';
    }
    *letters = text;
    return options;
}

/* --- help ------------------------------------------------------------------------------------- */

static void print_options(FILE *out, const struct verb *verb)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        char left[64];
        if (verb != NULL && !known_is_taken_by(&known[i], verb))
            continue;
        snprintf(left, sizeof left, "%c%c%s --%s %s", known[i].option < 256 ? '-' : ' ',
                 known[i].option < 256 ? known[i].option : ' ', known[i].option < 256 ? "," : " ",
                 known[i].name, known[i].argument != NULL ? known[i].argument : "");
        fprintf(out, "  %-30s %s\n", left, known[i].does);
    }
}

void known_print_usage(FILE *out)
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

void known_print_help(const struct verb *verb)
{
    printf("usage: lockq %s [OPTION]... %s\n\n%s\n\n", verb->name, verb->shown, verb->does);
    print_options(stdout, verb);
}
