/*
 * The commit pipeline: changes in, batches out, one in flight.
 *
 * What the core and the sessions change is noted here; when a batch is taken, each changed
 * operation becomes one row in its latest state, however often it changed since the batch before.
 * While a batch is in flight the next one gathers behind it, so batches grow with the load by
 * themselves and no timer is tuned.
 *
 * A step too long for one commit goes as several: removed rows first, then the order of seq. What
 * is durable is then always the beginning of what happened, and ends come before the grants that
 * they made possible. (A removed row may be a grant that ended and was forgotten since the batch
 * before: left behind, it would collide with the grant of the next in line.)
 * All of them are built when the first is taken, so that later changes cannot mix in.
 *
 * A row shows the latest state only, which for most changes is enough: what others were granted
 * since depends on ends, and an end is the last change. Two changes others depend on may be
 * followed by more: keys that were given back, and the grant of a parent. Those are pinned: no
 * commit ends between such a change and the latest one of the same operation, however long it gets.
 *
 * The pipeline also keeps the sum of row hashes that goes with each commit.
 */
#ifndef SERVER_PIPELINE_H
#define SERVER_PIPELINE_H

#include "base/arena.h"
#include "base/list.h"
#include "core/core.h"
#include "server/session.h"
#include "store/store.h"

#define PIPELINE_RECORDS_MAX 10000                      /* of one commit, as it is usual */
#define PIPELINE_BYTES_MAX   ((size_t)32 * 1024 * 1024) /* of one commit, but for one large row */

/* Rows to be removed: their keys, and their hashes, which leave the sum with them. */
struct removed {
    struct removed_row {
        uint64_t id, hash;
    } * rows;
    uint32_t n, cap;
};

/* No commit may end at `seq` or later and before the row of that operation. */
struct pin {
    uint64_t seq;
    uint64_t until; /* of that row; known when it is taken */
    uint32_t place; /* of the operation in `dirty`, from 1 */
};

struct pipeline {
    struct core *core;
    bool keeps_nothing;        /* the store's word: then nothing is ever gathered */
    uint32_t records_max;      /* of one commit */
    struct store_meta durable; /* what the last commit made durable */
    uint64_t hash;             /* sum over the rows once all that was taken is durable */

    /* gathering */
    struct op **dirty; /* NULL where one was forgotten */
    uint32_t n_dirty, cap_dirty;
    struct pin *pins; /* by seq */
    uint32_t n_pins, cap_pins;
    struct removed removed_ops;      /* tickets */
    struct list dirty_sessions;      /* session.dirty */
    struct removed removed_sessions; /* ids */

    /* taken: rows and commits, of which `next` up to n_commits are still to be made */
    struct arena arena;
    struct store_op_record *ops;
    struct store_session_record *sessions;
    struct store_batch *commits;
    uint32_t n_commits, next;
    int64_t since_ms; /* when the first of them was taken */
};

void pipeline_init(struct pipeline *pipeline, struct core *core, const struct store_meta *durable,
                   bool keeps_nothing);
void pipeline_finish(struct pipeline *pipeline);

void pipeline_op_changed(struct pipeline *pipeline, struct op *op);
/* The change with that seq depends on how the operation, whose change was told, is now. */
void pipeline_op_pinned(struct pipeline *pipeline, const struct op *op, uint64_t seq);
/* The operation is about to be freed. */
void pipeline_op_forgotten(struct pipeline *pipeline, struct op *op);
void pipeline_session_changed(struct pipeline *pipeline, struct session *session);
/* The session is about to be freed. */
void pipeline_session_removed(struct pipeline *pipeline, struct session *session);

/* Whether something changed since the last batch was taken. */
bool pipeline_is_gathering(const struct pipeline *pipeline);
bool pipeline_is_in_flight(const struct pipeline *pipeline);

/* Takes what was gathered as a new row of commits; only with none in flight. */
void pipeline_take(struct pipeline *pipeline, int64_t now_ms);
/* The commit to make now; only while in flight. */
const struct store_batch *pipeline_commit(const struct pipeline *pipeline);
/* That commit is durable. True: it was the last of those taken. */
bool pipeline_on_commit(struct pipeline *pipeline);

#endif
