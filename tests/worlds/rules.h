/*
 * The rules of the core once more, for worlds small enough to try everything in: written to be
 * read beside the rules in scheduler/core/README.md, slow and plain. Nothing of the core is used
 * but its constants, and nothing of the other model (tests/fuzz), so that a mistake would have to
 * be made three times.
 *
 * Keys are bits of a set. Which keys overlap is the world's to say: A and A/1 do, A and B do not.
 */
#ifndef WORLDS_RULES_H
#define WORLDS_RULES_H

#include "core/core.h"

#define KEYS_MAX    3
#define CLIENTS_MAX 3
#define OPS_MAX     9 /* live at once */
#define PATIENCE_MS                                                                                \
    100000 /* every lease, and every waiting time that ends: the first to begin is                 \
              the first to be over */

struct keys {
    uint8_t exclusive, shared;
};

/* How an operation is submitted. */
enum how {
    HOW_TIED,   /* waits for ever, lives with its session */
    HOW_ASKING, /* the same, and ends as stale if one of its keys was changed since the beginning */
    HOW_TIMED,  /* waits for PATIENCE_MS, has a lease of PATIENCE_MS */
    HOW_NOW,    /* is refused instead of waiting */
    HOW_PASSING /* the same, and does not mind those who wait */
};

struct rule_op {
    uint8_t number; /* its name: the how many-th submit of all it is */
    uint8_t client;
    uint8_t parent; /* number; 0: none */
    enum how how;
    struct keys keys;
    bool is_granted;
    uint32_t since_ms; /* its waiting time or lease runs from here */
};

struct rules {
    struct rule_op ops[OPS_MAX]; /* live ones, in the order of tickets */
    uint8_t n_ops, n_submits;
    uint8_t changed;    /* keys */
    bool has_forgotten; /* which: every key counts as changed */
    uint8_t steps_left[CLIENTS_MAX], crashes_left;
    uint32_t now_ms;
};

/* What may be asked of a world. */
enum step_kind {
    STEP_SUBMIT,
    STEP_RELEASE,
    STEP_GIVE, /* some keys back */
    STEP_EXTEND,
    STEP_RENEW,
    STEP_CANCEL,
    STEP_LEAVE,  /* the client's session ends */
    STEP_EXPIRE, /* time passes until the next deadline */
    STEP_CRASH
};

struct step {
    uint8_t kind, client;
    uint8_t op;       /* number; SUBMIT: of the parent, 0: none */
    uint8_t how;      /* SUBMIT */
    struct keys keys; /* SUBMIT, GIVE, EXTEND */
};

/* What a step should give. */
struct told {
    enum lockq_status status;
    enum op_end left_out; /* of a submit that leaves nothing */
    bool refused;         /* an extension */
    struct {
        enum effect_type type;
        uint8_t op;
        enum op_end end;
    } effects[4 * OPS_MAX];
    uint32_t n_effects;
};

/* overlaps[k]: the keys that are k, above it or below it. above[k]: those above. */
struct tree {
    const char *paths[KEYS_MAX];
    uint8_t overlaps[KEYS_MAX], above[KEYS_MAX];
    uint8_t n_keys;
};

void rules_step(const struct tree *tree, struct rules *rules, const struct step *step,
                struct told *told);

struct rule_op *rules_find(struct rules *rules, uint8_t number);
bool rules_has_deadline(const struct rule_op *op);
/* Without keys that another one of them covers in no weaker mode. */
struct keys rules_normal(const struct tree *tree, struct keys keys);
/* Whether `by` stands before the waiting `op`. */
bool rules_blocks(const struct tree *tree, const struct rules *rules, const struct rule_op *by,
                  const struct rule_op *op);
/* Whether both may not hold at once, families aside. */
bool rules_conflict(const struct tree *tree, struct keys a, struct keys b);

#endif
