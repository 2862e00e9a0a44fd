/*
 * A second opinion about the core: the rules read literally, over an array of operations.
 *
 * An operation is blocked iff one that holds and is not above it in its family, or one that waits
 * and stands before it (children before all others, then by ticket), names a key that
 * overlaps one of its keys, not both shared. Two keys overlap iff one path is the other or begins
 * it, segment by segment: there are no modes on ancestors, no queues and no counters here, and no
 * code of the core. Only types and constants are the core's.
 *
 * What the contract leaves open is left open: where two answers would do, the model names both.
 */
#ifndef FUZZ_CORE_MODEL_H
#define FUZZ_CORE_MODEL_H

#include "core/core.h"

#define MODEL_OPS      1024
#define MODEL_PATHS    22
#define MODEL_NAMED    6  /* keys in one event */
#define MODEL_KEYS     16 /* of an operation, extended */
#define MODEL_CHANGES  4096
#define MODEL_NOTED    128 /* more than there are keys, with those above, in both namespaces */
#define MODEL_SESSIONS 6
#define MODEL_NONE     UINT32_MAX

/* The tree of keys that operations choose from, and the namespaces. */
extern const char *const model_paths[MODEL_PATHS];
extern const char *const model_namespaces[2];

struct model_key {
    uint8_t path; /* place in model_paths */
    bool exclusive;
};

struct model_op {
    char id[24];
    uint8_t ns;
    uint64_t ticket, session, claimed_by;
    struct model_key keys[MODEL_KEYS]; /* as named and since then, nothing dropped */
    uint32_t n_keys;
    struct model_key asked[MODEL_NAMED]; /* by the submit */
    uint32_t n_asked;
    uint32_t parent;      /* MODEL_NONE: an ordinary one */
    bool detached, known; /* known: live or remembered */
    bool tied;
    enum on_change on_change;
    uint64_t unchanged_since;
    bool told;         /* that keys have changed */
    uint32_t n_passed; /* times */
    char payload;      /* one byte; 0: none */
    int64_t wait_ms, claim_in_ms;
    int64_t lease_ms, asked_lease_ms;          /* now, and as submitted */
    int64_t max_hold_ms;                       /* 0: none */
    int64_t waits_from, granted_at, runs_from; /* where the durations count from */
    int64_t holds_from;
    enum op_state state;
    enum op_end end;
    uint64_t token; /* as the core gave it: only its order is predicted */
    uint64_t seq;
    uint64_t ended_ms, ended_nth;
};

struct model {
    struct model_op ops[MODEL_OPS]; /* in ticket order */
    uint32_t n;
    uint32_t live[MODEL_OPS], n_live; /* waiting and granted ones, in ticket order */
    uint64_t seq, ended, epoch;
    uint64_t highest_token;
    uint64_t remembered_max, remembered_ms;
    uint32_t remembered;
    bool meets[MODEL_OPS][MODEL_OPS]; /* their keys conflict; filled for live pairs */
    struct {
        uint8_t ns, path;
        uint64_t seq;
    } changes[MODEL_CHANGES];
    uint32_t n_changes;
    uint64_t floor; /* nothing is known of what happened up to this seq */
    struct {
        uint8_t ns;
        const char *path;
        size_t n;
        uint64_t seq;
    } noted[MODEL_NOTED]; /* the keys of which more is known, n bytes of path each */
    uint32_t n_noted;
    uint64_t noted_max;
};

struct model_outcome {
    enum lockq_status status, or_status; /* the second where two answers would do */
    enum op_end left_out; /* of a submit that left nothing: REFUSED, STALE, DEADLOCK */
    bool refused;         /* of an extension */
    uint32_t n_refusing;  /* that keep it from what is new */
    bool repeated, contended;
    uint32_t op;
    struct {
        enum effect_type type;
        uint32_t op;
    } effects[MODEL_OPS]; /* without forgotten ones */
    uint32_t n_effects;
};

void model_init(struct model *m, const struct core_limits *limits);

/* What the event should give. `keys` are those of a submit as a client might name them: in any
 * order, with doubles and keys that add nothing. */
void model_step(struct model *m, const struct event *event, const struct model_key *keys,
                uint32_t n_keys, struct model_outcome *out);

/* All durations start afresh; then what is grantable is granted. */
void model_recover(struct model *m, int64_t now_ms, uint64_t wall_ms, struct model_outcome *out);
/* The grant of an operation was never stored. */
void model_ungrant(struct model *m, uint32_t op);
void model_forget(struct model *m, uint32_t op);

uint32_t model_find(const struct model *m, uint8_t ns, struct slice id);
/* Whether `op` is `of` or above it. */
bool model_is_family(const struct model *m, uint32_t op, uint32_t of);
/* The seq at which a key last changed, with one above or below it; 0: that is not remembered. */
uint64_t model_revision(const struct model *m, uint8_t ns, uint8_t path);
/* Whether it did since then, or that is not known. */
bool model_changed(const struct model *m, uint8_t ns, uint8_t path, uint64_t since);
/* Whether `by` stands before the waiting operation `op`. */
bool model_blocks(const struct model *m, uint32_t by, uint32_t op);
bool model_contended(const struct model *m, uint32_t op);
int64_t model_deadline(const struct model_op *op);
/* --- core_model_keys.c ---------------------------------------------------------------------- */

void model_compare_paths(void); /* before the questions below; model_init does it */
bool model_overlap(uint8_t a, uint8_t b);
/* Whether `above` is `below` or lies above it. */
bool model_is_above(uint8_t above, uint8_t below);
/* The keys that remain when those that add nothing are dropped, in byte order. */
uint32_t model_normal_keys(const struct model_key *keys, uint32_t n, struct model_key *out);

#endif
