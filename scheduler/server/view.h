/*
 * Views and records: an operation as the contract shows it.
 */
#ifndef SERVER_VIEW_H
#define SERVER_VIEW_H

#include "base/buf.h"
#include "core/core.h"
#include "server/session.h"
#include "wire/reply.h"

/* Who looks, and when. */
struct viewer {
    struct core *core;
    const struct session *session; /* sees the tokens of operations tied to it; NULL: nobody */
    int64_t now_ms;
    uint64_t token; /* that was shown: who has it may see it; 0: none */
};

/* The view of an operation; with `content` also its payload and meta. */
void put_view(struct buf *out, const struct viewer *viewer, const struct op *op, bool content);

/* The view of a submit that left no operation: refused, stale, a deadlock. `id` is empty if it gave
 * none; `seq` is the daemon's. */
void put_left_out(struct buf *out, struct slice id, const struct outcome *outcome, uint64_t seq);
/* The view of an operation that could not have more. */
void put_extension_refused(struct buf *out, const struct viewer *viewer,
                           const struct outcome *outcome);

/* ahead, ahead_more and blockers, as entries of an open map. */
void put_ahead(struct buf *out, struct put_open_map *map, const struct ahead *ahead);

/* A changed key: {key, rev, op, who}, of an unknown change the key alone. */
void put_change(struct buf *out, const struct core_change *change);

#define RECORD_KEYS_MAX 100 /* of each mode */

/* The record, with the first keys after `after_key` in byte order (at == NULL: from the first). */
void put_record(struct buf *out, const struct viewer *viewer, const struct op *op,
                struct slice after_key);

/* A canonical path as the wire writes it: the root is "/". */
void put_path(struct buf *out, struct slice path);

extern const char *const op_state_names[OP_ENDED + 1];
extern const char *const op_end_names[END_REFUSED + 1];

const char *mode_name(enum mode mode);

#endif
