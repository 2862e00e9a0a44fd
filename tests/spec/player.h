/*
 * The player's own state, and the modules that it is made of.
 *
 * line.c and play.c read commands, words.c writes what came of them, audit.c distrusts, restart.c
 * stands in for a store.
 */
#ifndef SPEC_PLAYER_H
#define SPEC_PLAYER_H

#include <stdio.h>

#include "base/arena.h"
#include "core/core.h"

#define PLAYER_TOKENS_MAX 4096
#define PLAYER_WALL_START 1700000000000ULL /* Unix time of a story's 0 */

struct player {
    struct core *core; /* made by the first command */
    struct core_config config;
    int64_t now_ms;
    struct arena arena;                 /* of one command */
    FILE *out;                          /* the story as it comes out */
    uint64_t tokens[PLAYER_TOKENS_MAX]; /* in the order in which they were given */
    uint32_t n_tokens;
    uint64_t seq_before; /* the step that is being audited */
};

/* The words of one command line, taken from front to back. */
struct line {
    char *words[64];
    uint32_t n, next;
    uint64_t session; /* 0: not a client's command */
};

/* Clients are told by letters, sessions are numbers from 1. */
static inline uint64_t session_of(const char *client)
{
    return (uint64_t)client[0] - 'A' + 1;
}

/* --- line.c: what they return lives until the next command ---------------------------------- */

/* Ends the test. `word` may be NULL. */
void line_is_wrong(const char *why, const char *word) __attribute__((noreturn));
/* The next word, or NULL. */
char *line_take(struct line *line);
/* Whether the next word is `word`; takes it if so. */
bool line_takes(struct line *line, const char *word);
int64_t line_number(struct line *line);

/* A text; "z*1000" is z a thousand times. */
struct slice line_slice(struct player *p, struct line *line);
/* All the keys that follow, as named; "k/1..1000:x" is a thousand of them, "/:x" the root. */
struct core_key *line_keys(struct player *p, struct line *line, uint32_t *n);

/* --- words.c: each writes one line of an outcome, or part of one ---------------------------- */

void words_status(struct player *p, const struct outcome *out);
/* "waiting ahead 1 (a)", "granted token 1", "released". */
void words_state(struct player *p, const struct op *op);
void words_ahead(struct player *p, const struct ahead *ahead);
/* "(k 7 by a, l unknown)". */
void words_changes(struct player *p, const struct core_change *changes, uint32_t n);
/* Why a submit left nothing behind: "refused ahead 1 (a)", "deadlock (b, a)", "stale (k 7 by a)".
 */
void words_left_out(struct player *p, const struct outcome *out);
/* All effects of a step; `verb` says what EFFECT_CHANGED was. */
void words_effects(struct player *p, const struct outcome *out, const char *verb);
void words_op(struct player *p, const struct op *op); /* all that its record tells */
void words_key(struct player *p, struct slice path, enum mode mode);

/* --- audit.c -------------------------------------------------------------------------------- */

void audit_before(struct player *p);
void audit_after(struct player *p, const struct event *event, const struct outcome *out);
void audit_grants(struct player *p, const struct outcome *out);
void audit_state(struct player *p);

/* --- restart.c ------------------------------------------------------------------------------ */

void restart(struct player *p, struct line *line);

/* --- ask.c: commands that change nothing; false: `verb` is none of them --------------------- */

bool ask(struct player *p, const char *verb, struct line *line);

#endif
