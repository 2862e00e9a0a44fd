/*
 * The judge: whether what the clients heard can be what a daemon says that keeps its word.
 *
 * It takes in the records of all clients in the order of time (facts.c), which gives for each
 * operation its content, its ticket and token, and the seqs of its submit, grant and end, exactly
 * or between two bounds; and whether it ended lawfully (ends.c). Then it puts everything in the
 * order of seq and asks the rules of each operation against every other one that was there (line.c,
 * reads.c), and looks at what the locks were for (things.c). It knows nothing of how the daemon
 * does it.
 */
#ifndef CROWD_JUDGE_H
#define CROWD_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history.h"
#include "pool.h"
#include "resource.h"

#define NEVER UINT64_MAX
#define NONE  UINT32_MAX

struct span {
    uint64_t lo, hi; /* both may be it */
};

struct op {
    uint64_t id;
    uint64_t exclusive, shared;
    uint64_t meets_exclusive, meets_any; /* keys that touch the exclusive ones, that touch any */
    uint64_t ticket, token;              /* 0: not heard of */
    struct span submit, grant;           /* of seqs */
    uint64_t end_seq;                    /* NEVER: not heard of */
    uint64_t end_number;                 /* so many had ended before */
    uint64_t first_ask_us, claim_ask_us, renew_ask_us, alive_us;
    uint64_t latest_seq, ask_floor, read_floor, release_floor;
    uint32_t wait_ms, lease_ms, claim_in_ms, session;
    uint16_t client, claimer; /* claimer: 1 + the client that claimed it */
    uint8_t end;
    bool is_asked, is_tied, has_payload, is_refused, is_granted;
    bool is_released, is_cancelled; /* it was asked for */
    bool is_moving;                 /* its seq may be that of a claim or a renewal */
    bool was_rejected;              /* by a register, without knowing that it was over */
};

enum read_kind { READ_VERIFY, READ_CHECK, READ_REFUSED };

/* What was said about a moment: at this seq. */
struct read {
    uint64_t seq;
    const struct op *op; /* verified or refused */
    enum read_kind kind;
    bool is_held;
    uint32_t key, world, holders, waiting;
    uint64_t first;
};

struct write {
    uint64_t version, token;
    uint32_t cell;
};

struct left {
    uint64_t answered_us, grace_us;
};

struct client {
    struct op **ops;
    uint32_t n_ops;
    struct left *lefts; /* by number of its session */
    uint32_t n_lefts;
    uint64_t look_floor[64]; /* of each lane's question */
};

struct judge {
    struct client clients[HISTORY_CLIENTS];
    struct op **ops; /* those that were given a ticket, in that order */
    size_t n_ops;
    uint64_t heard_seq; /* the highest so far */
    uint64_t n_ended;
    uint64_t remembered; /* ended operations that the daemon must remember */
    struct read *reads;
    size_t n_reads;
    struct write *writes;
    size_t n_writes;
    uint64_t counts[RESOURCE_CELLS];
    uint64_t touches[64]; /* the keys of the pool that touch one */
    uint64_t asked, records, increments, old_refused, grants, compared, counted_reads;
    uint64_t violations;
};

__attribute__((format(printf, 2, 3))) void violation(struct judge *judge, const char *format, ...);
void *judge_grow(void *array, size_t n, size_t size);

/* Narrows a span; false: it cannot be. */
bool span_narrow(struct span *span, uint64_t lo, uint64_t hi);
/* Whether the two exclude one another. */
bool op_meets(const struct op *a, const struct op *b);

/* When a session of a client lost its connection for the last time. */
struct left *judge_find_left(struct judge *judge, uint32_t client, uint32_t session);

void facts_take(struct judge *judge, const struct history_record *record);
/* An operation whose end was heard at that time. */
void ends_judge(struct judge *judge, const struct op *op, uint64_t now_us);
void line_judge(struct judge *judge);
void reads_judge(struct judge *judge);
void things_judge(struct judge *judge, const char *directory);

#endif
