/*
 * What the tests of all stores share: a kind of store to run over, rows to store, and what comes
 * back.
 */
#ifndef TESTS_STORE_KIT_H
#define TESTS_STORE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "store/store.h"

struct kind {
    const char *name;
    bool keeps; /* what it is given */
    void (*set_up)(void);
    void (*tear_down)(void);
    struct store *(*create)(void);       /* again and again: over the same contents */
    struct store *(*create_other)(void); /* that of another daemon */
};

extern const struct kind kind_memory, kind_sqlite, kind_redis;
/* The one that a test runs over now. */
extern const struct kind *kind;

/* Of one test: a new one each time, removed with what is in it. */
extern char kit_folder[64];
int kit_set_up(void **state);
int kit_tear_down(void **state);
/* The path of a file in it; lives until the next call. */
const char *kit_path(const char *file);

/* --- what comes back ------------------------------------------------------------------------- */

#define KIT_ROWS_MAX 20000

struct found {
    struct store_meta meta;
    uint64_t hash;
    int64_t tickets[KIT_ROWS_MAX], states[KIT_ROWS_MAX];
    uint64_t hashes[KIT_ROWS_MAX];
    uint64_t sessions[KIT_ROWS_MAX], session_hashes[KIT_ROWS_MAX];
    uint32_t n_ops, n_sessions;
    char last_keys[64];
    bool refuses; /* operations */
};

struct store_result kit_open(struct store *store, struct found *found);
/* Opens, which must go well; what it found is in kit_found. The caller closes. */
struct store *kit_reopen(void);
extern struct found kit_found;
/* What opening says when it does not go well. */
struct store_result kit_refusal(void);

/* --- what is stored -------------------------------------------------------------------------- */

/* A granted operation that holds Project/25 and File/a%2Fb. */
struct store_op kit_op(int64_t ticket);
uint64_t kit_hash(int64_t ticket);

/* Commits one row; must go well. hash_before: of the row that it takes the place of, else 0. The
 * sum of hashes goes on from kit_sum. */
void kit_put(struct store *store, enum store_change change, struct store_op op,
             uint64_t hash_before);
/* The same, whatever comes of it. */
struct store_result kit_try(struct store *store, enum store_change change, struct store_op op,
                            uint64_t hash_before);
extern uint64_t kit_sum;

/* A store with operations 1 and 2, closed. */
void kit_make_two(void);

/* A process that commits operations on and on, one after the other by ticket, and says each on a
 * pipe when it is durable. */
pid_t kit_start_writer(int *said);

#endif
