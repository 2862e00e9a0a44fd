/*
 * The judge: watches from outside what clients say and are told, and objects.
 *
 * It shares no code with the daemon: it knows the contract and what was said, nothing else. What it
 * cannot know for certain (an answer was lost on the way) it does not hold against the daemon.
 *
 * judge_facts.c    what is told never contradicts itself, and a crash takes back none of it
 * judge_ends.c     an operation ends only for a lawful reason, not early, and in the end in time
 * judge_answers.c  answers: their order, their numbers, their errors
 * judge_order.c    who was granted when: exclusion, first come first served, families
 * snapshot.c       what one `list` shows must be a state that the rules allow
 */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "link.h"
#include "paths.h"
#include "plan.h"
#include "transcript.h"

#define JUDGE_SPANS_MAX 12

enum judge_state { JUDGE_UNKNOWN, JUDGE_WAITING, JUDGE_GRANTED, JUDGE_ENDED };

/* Keys that an operation holds for certain, and while. */
struct judge_span {
    uint32_t x, s;
    uint64_t from,
        until; /* seqs: after `from` (0: from the grant on), before `until` (0: its end) */
};

/* A session, as its client knows it. */
struct judge_session {
    uint64_t id;
    int64_t grace_ms;
    const struct link *link; /* that it has; NULL: none since down_ms */
    int64_t down_ms;
    uint32_t generation; /* of the daemon that made it */
    bool is_durable;     /* an answer told of an operation of its own */
};

/* A time, and how long the daemon had been stopped by then. */
struct judge_moment {
    int64_t real_ms, stopped_ms;
};

struct judge_op {
    /* what was said */
    char id[24];
    int ns, client;
    uint64_t session; /* that it is tied to; 0: not known */
    uint32_t x, s;    /* its keys at the submit */
    bool detached, passes, has_payload, acquires;
    int64_t wait_ms, lease_ms, claim_in_ms, max_hold_ms; /* NEVER: for ever */
    struct judge_op *parent;
    bool is_stale_asked, tells_change; /* ends as stale, or is granted and told */
    uint64_t since;
    struct judge_moment submitted;  /* when it was first sent */
    struct judge_moment lease_from; /* the lease began not before that */
    bool release_asked, cancel_asked, kill_asked, tie_asked, given_back;
    /* clients, a bit each: that asked to claim it; to end it; that were told of its end unasked */
    uint32_t claimants, enders, end_told;
    uint32_t contended_in; /* the daemon that told of it: once per grant */
    bool change_asked;     /* while granted: then the seq of its grant is not known for certain */
    uint32_t given; /* keys that may be held no more, because somebody asked to give them back */
    bool extend_asked;
    uint32_t returned;   /* keys whose giving back was answered, when nobody asked for more */
    int64_t returned_ms; /* the latest of them */
    uint32_t attempts, left_out; /* submits sent; those that left nothing behind for certain */

    /* what must be larger than what was heard before it was first sent */
    uint64_t ticket_above, token_above;

    /* what was told */
    uint64_t ticket, token;
    uint64_t waiting_seq, granted_seq, ended_seq; /* 0: not heard of */
    uint64_t latest_seq;
    uint64_t held_at, over_at; /* verify: the latest seq at which it held, the first at which not */
    uint64_t claimed_by;       /* the session that was told so */
    char end[16];
    int64_t due_calm_ms;
    uint64_t due_seq; /* as long as this is its latest change */
    int64_t due_ms;   /* while nothing is wrong with the world it has ended by then; 0: not known */
    struct judge_span spans[JUDGE_SPANS_MAX];
    int n_spans;
    bool is_forgotten;                 /* ended, and nobody heard how */
    int64_t forgotten_ms;              /* by then */
    int64_t heard_ms;                  /* when its ticket was first heard of */
    uint32_t shown;                    /* in which snapshot it was last */
    uint32_t link_number[CLIENTS_MAX]; /* the latest seq told over this connection ... */
    uint64_t link_seq[CLIENTS_MAX];
};

/* One thing that a client was told about an operation. */
struct judge_fact {
    const char *id;
    enum judge_state state;
    uint64_t ticket, seq, token; /* 0: not told */
    const char *end;             /* "" : not told */
    int64_t expires_in;          /* -1: not told */
    uint64_t parent;
    uint64_t floor; /* what was heard of it when this was asked; 0: a push */
    int client;
    uint32_t link;
    int64_t asked_ms; /* 0: a push */
    int64_t calm_ms;  /* since then nothing has been wrong with the world; 0: since later */
};

/* Of one daemon: what it was told about taking new operations. */
struct judge_drain {
    uint32_t generation;
    uint32_t asked, answered;
    bool was_asked_on, is_on; /* ever; by the latest answer */
    int64_t told_ms;          /* when that came */
};

struct judge {
    uint64_t seed;
    const struct plan *plan;
    const struct transcript *transcript;
    struct judge_op **ops;
    int n_ops, cap_ops;
    struct judge_op **by_seq; /* whose change has this seq; NULL: not heard of */
    size_t cap_seq;
    uint64_t latest_seq, latest_ticket, latest_token; /* heard of by anybody */
    struct judge_session sessions[CLIENTS_MAX][64];   /* the latest of each client: a ring */
    uint32_t n_sessions[CLIENTS_MAX];
    uint32_t snapshots;
    struct judge_drain drain;
    uint64_t facts;
    int n_objections;
    bool failed;
};

void judge_finish(struct judge *judge);
void judge_object(struct judge *judge, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int64_t judge_now_ms(const struct judge *judge);
struct judge_moment judge_now(const struct judge *judge);

/* A client is about to submit a new operation. */
struct judge_op *judge_expect(struct judge *judge, const struct judge_op *op);
/* NULL: no client ever asked for it. */
struct judge_op *judge_find(struct judge *judge, const char *id);

/* --- sessions -------------------------------------------------------------------------------- */

struct judge_session *judge_session_add(struct judge *judge, int client, uint64_t id,
                                        int64_t grace_ms, uint32_t generation);
/* NULL: not heard of, or too long ago. */
struct judge_session *judge_session_find(struct judge *judge, uint64_t id);
/* Since when it has no connection, whoever knows; NEVER: it has one. */
int64_t judge_session_down_ms(const struct judge_session *session);

/* --- what is told ---------------------------------------------------------------------------- */

void judge_hear(struct judge *judge, const struct judge_fact *fact);
/* Whether the operation whose token was shown holds as of that seq. */
void judge_hear_held(struct judge_op *op, bool is_held, uint64_t seq);
/* The number of the daemon's latest change, in an answer to what was asked at that floor. */
void judge_hear_seq(struct judge *judge, const char *what, uint64_t seq, uint64_t floor);
/* Of judge_hear: the reasons and times of ends. */
void judge_hear_end(struct judge *judge, struct judge_op *op, const struct judge_fact *fact);

/* --- what is asked --------------------------------------------------------------------------- */

/* Keys are about to be given back: what is held for certain ends here. */
void judge_on_give_back(struct judge *judge, struct judge_op *op, uint32_t keys);
/* An extension was granted: held from that seq on. */
void judge_on_extended(struct judge_op *op, uint32_t x, uint32_t s, uint64_t seq);

/* --- judgement ------------------------------------------------------------------------------- */

/* The expiry of the lease cannot be before that. */
int64_t judge_earliest_expiry(const struct judge *judge, const struct judge_op *op);

/* Over everything heard: the order of grants and ends. */
void judge_order(struct judge *judge);

bool judge_is_live(const struct judge_op *op);
/* Whether the first is among the ancestors of the second; whether either is of the other. */
bool judge_is_above(const struct judge_op *above, const struct judge_op *op);
bool judge_are_family(const struct judge_op *a, const struct judge_op *b);

#endif
