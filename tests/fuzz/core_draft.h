/*
 * Random events: what might be asked next, of the operations that there are or of none.
 *
 * Every run has a temper of its own (few keys or many, readers or writers, patience, what happens
 * often), since faults hide where one kind of load never comes.
 */
#ifndef FUZZ_CORE_DRAFT_H
#define FUZZ_CORE_DRAFT_H

#include "core_fuzz.h"

/* An event, with the memory that its slices point to. */
struct draft {
    struct event event;
    struct model_key named[MODEL_NAMED]; /* as the client named them */
    uint32_t n_named;
    struct core_key keys[MODEL_NAMED];
    char id[24], parent[24];
    char payload[2];
};

/* False: this one came to nothing; the next may be another. */
bool fuzz_draft(struct fuzz *f, struct draft *d);

#endif
