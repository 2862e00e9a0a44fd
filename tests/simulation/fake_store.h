/*
 * A store for the simulator: rows in memory that outlive a crash of the server.
 *
 * A commit is applied when the world says so, so that a crash can come before, during or after it.
 * What is applied and not synced is lost in a power failure. After each commit the state hash is
 * compared with the rows, and the rows with each other (rows.h).
 */
#ifndef SIM_FAKE_STORE_H
#define SIM_FAKE_STORE_H

#include "store/store.h"

struct fake_row {
    struct store_op op; /* slices in one allocation of its own */
    char *text;
    uint64_t hash;
    uint32_t x, s; /* its keys, as paths.h has them */
};

/* What a call of the store comes to. */
enum store_fate {
    STORE_FATE_DONE,
    STORE_FATE_LOST,   /* fails, and nothing of it is there */
    STORE_FATE_UNTOLD, /* fails, and all of it is there */
};

struct fake_store {
    struct store base;
    struct store_meta meta;
    struct fake_row *ops; /* in ticket order */
    uint32_t n_ops, cap_ops;
    struct store_session *sessions;
    char **session_text;
    uint32_t n_sessions, cap_sessions;
    uint64_t sum;                /* of the hashes of all rows */
    bool is_low;                 /* on space */
    bool fails_open;             /* the next time */
    enum store_fate next_commit; /* of a commit inside server_recover */
    char wrong[256];             /* what contradicts itself in it; empty: nothing */
};

void fake_store_init(struct fake_store *store);
void fake_store_finish(struct fake_store *store);
void fake_store_apply(struct fake_store *store, const struct store_batch *batch);

#endif
