/*
 * A store for the simulator: rows in memory that outlive a crash of the server.
 *
 * A commit is applied when the simulator says so, so that a crash can come before or after it. At
 * each commit the state hash is compared with the rows.
 */
#ifndef SIM_FAKE_STORE_H
#define SIM_FAKE_STORE_H

#include "base/arena.h"
#include "store/store.h"

struct fake_row {
    struct store_op op; /* slices in one allocation of its own */
    char *text;
};

struct fake_store {
    struct store base;
    struct store_meta meta;
    struct fake_row *ops; /* in ticket order */
    uint32_t n_ops, cap_ops;
    struct store_session *sessions;
    char **session_text;
    uint32_t n_sessions, cap_sessions;
    bool is_wrong; /* the state hash did not match */
};

void fake_store_init(struct fake_store *store);
void fake_store_finish(struct fake_store *store);
void fake_store_apply(struct fake_store *store, const struct store_batch *batch);

#endif
