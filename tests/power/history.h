/*
 * A history of commits, by chance, and what a store must know after each of them.
 *
 * What a store tells is summed up in a digest by code of this file's own: the judge shares neither
 * hash nor SQL with the store. (The hash that goes with a batch is the store's own contract.)
 */
#ifndef POWER_HISTORY_H
#define POWER_HISTORY_H

#include "base/arena.h"
#include "disk.h"
#include "store/store.h"

#define HISTORY_COMMITS 64
#define HISTORY_OPS     4096

struct row {
    struct store_op op;
    bool is_there;
};

struct history {
    struct chance chance;
    struct arena arena; /* of all texts */
    struct row rows[HISTORY_OPS];
    uint32_t n_rows;
    struct store_session sessions[HISTORY_COMMITS + 1];
    bool has_session[HISTORY_COMMITS + 1];
    struct store_meta meta;
    uint32_t payload_max;
    /* By number of commits so far: what is to be told then. */
    uint64_t digests[HISTORY_COMMITS + 1];
    uint32_t n_commits;

    struct store_op_record ops[64]; /* of the batch at hand */
    struct store_session_record session_records[2];
};

void history_init(struct history *history, uint64_t seed, uint32_t payload_max);
void history_finish(struct history *history);
/* The next batch; its digest is digests[n_commits] from then on. */
struct store_batch history_next(struct history *history);

/* What a store told at an opening. */
struct told {
    uint64_t digest;
    struct store_meta meta;
    struct store_result result;
};

/* Opens a store on the disk; the caller closes it, in any case. */
struct store *told_open(struct disk *disk, const char *path, struct told *told);

#endif
