/*
 * What may happen next in a world, and when two of its states are the same.
 */
#ifndef WORLDS_MOVES_H
#define WORLDS_MOVES_H

#include "rules.h"

#define MOVES_MAX    512
#define SETS_MAX     26 /* of keys: each is not named, shared or exclusive */
#define PERMUTATIONS 6

/* What clients do in a world, beside submit, release and cancel. */
enum world_part {
    PART_TIMED = 1,    /* leases, waiting times, renewals; time passes */
    PART_NOW = 2,      /* submits that do not wait */
    PART_PASSING = 4,  /* and some that pass */
    PART_CHILDREN = 8, /* operations under operations, two at once under one */
    PART_MORE = 16,    /* extend, and giving some keys back */
    PART_LEAVE = 32,   /* sessions end */
    PART_ASKING = 64,  /* some that end as stale */
    PART_ONE_KEY = 128 /* no operation is submitted with more than one */
};

struct world {
    const char *name;
    const struct tree *tree;
    uint8_t clients, steps, crashes;
    uint32_t parts;
    uint8_t n_same; /* the last n keys of the tree are interchangeable */
};

struct moves {
    const struct world *world;
    struct keys sets[SETS_MAX];
    uint32_t n_sets;
    uint8_t client_orders[PERMUTATIONS][CLIENTS_MAX], key_orders[PERMUTATIONS][KEYS_MAX];
    uint32_t n_client_orders, n_key_orders;
};

void moves_init(struct moves *moves, const struct world *world);
uint32_t moves_next(const struct moves *moves, const struct rules *rules, struct step *next);

/* Equal for states that are equal up to the names of clients and interchangeable keys. */
uint64_t moves_hash(const struct moves *moves, const struct rules *rules);

#endif
