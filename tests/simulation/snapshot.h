/*
 * A snapshot: what one answer to `list` shows of a namespace. It was true at one moment, so
 * whatever the rules say about a moment must be true in it.
 */
#ifndef SIM_SNAPSHOT_H
#define SIM_SNAPSHOT_H

#include "judge.h"

#define SNAPSHOT_MAX 1000

struct snapshot {
    int ns;
    bool has_ended; /* it shows those too */
    int64_t asked_ms;
    int n;
    struct snapshot_row {
        struct judge_op *op;
        enum judge_state state;
        uint64_t ticket;
        uint32_t x, s;
        uint64_t ahead;
        bool has_more_ahead; /* it counted no further */
    } rows[SNAPSHOT_MAX];
};

void snapshot_check(struct judge *judge, const struct snapshot *snapshot);

#endif
