/*
 * Simulated clients: they do what clients may do, by chance, and tell the judge what they hear.
 *
 * They speak MessagePack through msgpack-c alone, so that the daemon's own codec has an outsider
 * on the other end.
 *
 * client_say.c     requests       client_hear.c    messages to the judge
 * client_answer.c  what an answer or an error may be, given what was asked
 * client_act.c     what a client does next
 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include <msgpack.h>

#include "judge.h"
#include "world.h"

#define CLIENT_PENDING_MAX 512

#define ASK_LIST(ASK)                                                                              \
    ASK(HELLO, "hello")                                                                            \
    ASK(SUBMIT, "submit")                                                                          \
    ASK(ACQUIRE, "acquire")                                                                        \
    ASK(WAIT, "wait")                                                                              \
    ASK(CLAIM, "claim")                                                                            \
    ASK(RENEW, "renew")                                                                            \
    ASK(EXTEND, "extend")                                                                          \
    ASK(RELEASE, "release")                                                                        \
    ASK(CANCEL, "cancel")                                                                          \
    ASK(VERIFY, "verify")                                                                          \
    ASK(CHECK, "check")                                                                            \
    ASK(STATUS, "status")                                                                          \
    ASK(LIST, "list")                                                                              \
    ASK(KILL, "kill")                                                                              \
    ASK(DRAIN, "drain")                                                                            \
    ASK(SUBSCRIBE, "subscribe")                                                                    \
    ASK(STATS, "stats")                                                                            \
    ASK(PING, "ping")

enum ask {
#define ASK_ENUM(name, text) ASK_##name,
    ASK_LIST(ASK_ENUM)
#undef ASK_ENUM
        ASK_COUNT
};

extern const char *const ask_names[ASK_COUNT];

/* A request whose answer has not come. */
struct pending {
    uint32_t id; /* 0: free */
    enum ask what;
    struct judge_op *op;      /* NULL: it is about none */
    uint64_t session;         /* the client's when it asked; 0: not known yet */
    uint64_t floor, op_floor; /* the seq known then; that of the operation */
    struct judge_moment asked;
    int64_t arrives_ms; /* when its last byte is there */
    int64_t guard_ms;   /* renew: the lease runs at least until then. resume: the grace does */
    uint32_t x, s;      /* extend: what is wanted */
    uint32_t generation;
    uint32_t link;                                 /* its number */
    bool is_on;                                    /* drain */
    bool was_first, is_other, is_wrong, has_ended; /* submit: nobody had asked for it; it is
                                                    * other content. hello: the secret is. list: of
                                                    * ended ones too; else: the operation had */
};

struct client {
    int number, ns;
    struct world *world;
    struct judge *judge;
    struct link *link;   /* NULL: not connected */
    struct buf out;      /* said, and not sent yet */
    msgpack_unpacker in; /* heard, and not understood yet */
    bool greets;         /* says hello; else a session without grace */
    bool has_greeted;    /* the answer has come */
    uint64_t session;    /* 0: none that it knows */
    char secret[64];
    int64_t grace_ms;
    uint32_t next_id, first_unsent;
    struct pending pending[CLIENT_PENDING_MAX];
    int n_pending;
    int64_t acts_ms;           /* when it next does something */
    bool holds_back;           /* half a frame is sent, the rest is to come */
    bool is_spoilt;            /* it has sent what is no message: the link is of no use any more */
    enum fault next_fault;     /* that its next act is to make */
    int n_lists;               /* asked for at the end of the run */
    bool is_done;              /* the end of a run: it has nothing to do any more */
    uint32_t subscribing_link; /* over which it last asked to subscribe ... */
    uint32_t news_link;        /* ... and was answered: it is told what ends after that seq */
    uint64_t news_from;
    uint64_t answers;
    uint64_t
        stats_live; /* what the latest `stats` said is alive in any way; UINT64_MAX: none yet */
};

/* --- a life ---------------------------------------------------------------------------------- */

void client_init(struct client *client, int number, struct world *world, struct judge *judge,
                 struct chance *chance);
void client_finish(struct client *client);

/* Something by chance: connect, ask, submit, release, leave ... */
void client_act(struct client *client, struct chance *chance);
/* The end of a run: whatever it may end, it ends. */
void client_tidy(struct client *client);
/* Takes what has arrived; notices when its link has ended. */
void client_listen(struct client *client);
int64_t client_next_ms(const struct client *client);

/* --- its link -------------------------------------------------------------------------------- */

void client_connect(struct client *client);
/* Its link is gone, or is to be: closed properly, or left without a word. */
void client_lose(struct client *client);
void client_leave(struct client *client);
void client_vanish(struct client *client);

/* Sends what was said. */
void client_flush(struct client *client);
/* Some of it now, the rest with the next flush. */
void client_flush_some(struct client *client, size_t n);

/* --- what it says ---------------------------------------------------------------------------- */

void client_say_hello(struct client *client, bool with_wrong_secret);
void client_say_submit(struct client *client, struct judge_op *op, bool acquires);
/* The same id with other content. */
void client_say_other(struct client *client, struct judge_op *op);
void client_say_op(struct client *client, enum ask what, struct judge_op *op);
void client_say_keys(struct client *client, enum ask what, struct judge_op *op, uint32_t x,
                     uint32_t s);
void client_say_list(struct client *client, bool with_ended);
void client_say(struct client *client, enum ask what);
void client_say_drain(struct client *client, bool on);
void client_say_subscribe(struct client *client);
/* Bytes that are no message. */
void client_say_garbage(struct client *client, struct chance *chance);

/* --- what an answer may be ------------------------------------------------------------------- */

void client_on_result(struct client *client, const struct pending *asked,
                      const msgpack_object *result);
void client_on_error(struct client *client, const struct pending *asked, const char *sentence);
void client_on_no_session(struct client *client, const struct pending *asked);
/* Whether the daemon must have read the request before that time. */
bool client_was_read_at_once(const struct client *client, const struct pending *asked,
                             int64_t before_ms);

#endif
