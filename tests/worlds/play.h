/*
 * The real core, taken along a path of steps, and held against the rules.
 */
#ifndef WORLDS_PLAY_H
#define WORLDS_PLAY_H

#include "rules.h"

struct play {
    const struct tree *tree;
    struct core *core;
    struct core_config config;
    struct rules rules;
    struct told told; /* by the latest step */
    uint64_t token;   /* the highest so far */
    uint32_t sessions[CLIENTS_MAX];
    char wrong[160]; /* empty: nothing is */
};

void play_begin(struct play *play, const struct tree *tree, const struct rules *from);
/* Both do it; their answers are compared. False: `wrong` says what differs. */
bool play_step(struct play *play, const struct step *step);
/* Everything that can be asked is compared. */
bool play_compare(struct play *play);
void play_finish(struct play *play);

/* For people. */
void play_describe(const struct tree *tree, const struct step *step, char *text, size_t n);

#endif
