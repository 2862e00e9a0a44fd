/*
 * The judge: watches from outside what clients are told, and objects.
 *
 * It shares no code with the daemon: it knows the contract and what was said, nothing else. Paths
 * overlap here when one is a prefix of the other, without intention modes or queues.
 *
 * What it holds the daemon to:
 *   - facts about an operation never contradict one another, in whatever order they arrive, and a
 *     crash takes back none of them;
 *   - of two operations that overlap and do not share, the one with the higher ticket is granted
 *     only after the other has ended (exclusion and first come, first served, in one sentence);
 *   - tokens rise in the order of the grants;
 *   - an operation ends only for a lawful reason, and not too early;
 *   - at the end nobody waits who could be granted.
 */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#define JUDGE_KEYS_MAX 6

enum judge_state { JUDGE_UNKNOWN, JUDGE_WAITING, JUDGE_GRANTED, JUDGE_ENDED };

struct judge_key {
    char path[48];
    bool shared;
};

/* What a client said when it submitted. */
struct judge_op {
    char id[24];
    int ns;
    struct judge_key keys[JUDGE_KEYS_MAX];
    int n_keys;
    bool detached;
    int64_t wait_ms;                  /* INT64_MAX: for ever */
    int64_t lease_ms;                 /* detached; INT64_MAX: until released */
    int64_t claim_in_ms;              /* INT64_MAX: for ever */
    bool release_asked, cancel_asked; /* somebody tried: then such an end is lawful */
    bool change_asked; /* claim or renew: a seq heard while granted may be of those */

    /* What the daemon said. */
    bool refused;
    uint64_t ticket, token;
    uint64_t waiting_seq, granted_seq, ended_seq; /* 0: not heard of */
    char end[16];
};

/* One thing that a client was told about an operation. */
struct judge_fact {
    const char *id;
    enum judge_state state;
    uint64_t ticket, seq, token;        /* 0: not told */
    const char *end;                    /* "" : not told */
    uint64_t submitted, granted, ended; /* of a record; 0: not told */
};

struct judge {
    uint64_t seed;
    struct judge_op *ops;
    int n_ops, cap_ops;
    uint64_t facts;
    bool failed;
};

void judge_finish(struct judge *judge);

/* A client is about to submit; valid until the next call. */
struct judge_op *judge_expect(struct judge *judge, const struct judge_op *op);
struct judge_op *judge_find(struct judge *judge, const char *id);

void judge_hear(struct judge *judge, const struct judge_fact *fact);

/* Over everything heard: the order of grants and ends. */
void judge_sum_up(struct judge *judge);

/* Nothing is on its way any more: every waiting operation must have a reason to wait. */
void judge_stuck(struct judge *judge);

void judge_object(struct judge *judge, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
