/*
 * The lockq command: what its verbs share.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "lockq/lockq.h"

enum exit_code {
    CLI_DONE = 0,
    CLI_NO = 1,
    CLI_USAGE = 64,
    CLI_NO_DAEMON = 69,
    CLI_NOT_GRANTED = 75,
    CLI_DENIED = 77,
    CLI_LOST = 79,
    CLI_NOT_RUNNABLE = 126,
    CLI_NOT_FOUND = 127
};

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_JSONL };

#define CLI_ANSWER_MS 30000 /* how long a daemon may take to answer at all */

/* Texts that were named one by one: keys, mostly. Owned. */
struct texts {
    char **at;
    size_t n, cap;
};

void texts_add(struct texts *texts, const char *text);

/* The command line, read. Strings are those of argv. */
struct options {
    const char *address, *name_space;
    enum output output;
    bool verbose, nonblock, yes, waits, no_parent;
    int64_t timeout_ms;                                /* LOCKQ_FOREVER: none */
    int64_t lease_ms;                                  /* LOCKQ_UNSET: not given */
    int64_t claim_in_ms, max_hold_ms, unchanged_since; /* the same */
    const char *op, *who, *why, *progress, *outcome, *key;
    const char *state;
    uint64_t token;        /* 0: not given */
    uint64_t limit;        /* 0: not given */
    int not_granted;       /* -E: the exit code when it was not granted */
    struct texts operands; /* keys; or the id of one operation */
    struct texts shared;
    const char *subject; /* the id of the operation that it is about; NULL: not known */
    char **command;      /* behind --; NULL: none */
};

/* Says on standard error what went wrong with a call, and returns the exit code for it. */
int cli_fail(struct lockq *lockq, const struct options *options, int status);
/* "lockq: ..." on standard error; returns CLI_USAGE. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct lockq *cli_open(const struct options *options);
/* The submit that keys and options ask for. */
struct lockq_submit cli_submit(const struct options *options, int64_t lease_ms);
/* Makes it a child of the operation that this process runs under (LOCKQ_OP, LOCKQ_TOKEN), unless
 * told otherwise or to another daemon. */
void cli_find_parent(const struct options *options, struct lockq_submit *submit);
/* As cli_fail, where a parent may be the reason. */
int cli_fail_child(struct lockq *lockq, const struct options *options,
                   const struct lockq_submit *submit, int status);
/* Unix time in ms. */
int64_t cli_wall_ms(void);
/* The result as JSON and a newline. */
void cli_json(const msgpack_object *result);

/* A text, escaped; "" if it is none. Owned by the caller. */
char *cli_text_of(const msgpack_object *text);
/* A field as text, escaped, or "" (owned by the caller); as a number, or `missing`. */
char *cli_text(const msgpack_object *map, const char *field);
uint64_t cli_number(const msgpack_object *map, const char *field, uint64_t missing);

/* The verbs; each returns an exit code. */
int verb_run(struct lockq *lockq, const struct options *options);
int verb_submit(struct lockq *lockq, const struct options *options);
int verb_hold(struct lockq *lockq, const struct options *options);
int verb_wait(struct lockq *lockq, const struct options *options);
int verb_claim(struct lockq *lockq, const struct options *options);
int verb_renew(struct lockq *lockq, const struct options *options);
int verb_release(struct lockq *lockq, const struct options *options);
int verb_cancel(struct lockq *lockq, const struct options *options);
int verb_check(struct lockq *lockq, const struct options *options);
int verb_ls(struct lockq *lockq, const struct options *options);
int verb_show(struct lockq *lockq, const struct options *options);
int verb_history(struct lockq *lockq, const struct options *options);
int verb_explain(struct lockq *lockq, const struct options *options);
int verb_plan(struct lockq *lockq, const struct options *options);
int verb_kill(struct lockq *lockq, const struct options *options);
int verb_drain(struct lockq *lockq, const struct options *options);
int verb_undrain(struct lockq *lockq, const struct options *options);
int verb_stats(struct lockq *lockq, const struct options *options);
int verb_ping(struct lockq *lockq, const struct options *options);

#endif
