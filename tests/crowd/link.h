/*
 * Links: a client's connection and session, kept over every crash of the daemon.
 *
 * A link has lanes, each of which does one thing after another, so that many requests are under way
 * on one connection. Requests gather and are sent once a turn. A link that has lost its connection
 * tries again until the daemon is there, and resumes its session. A deserter leaves of its own
 * accord now and then, and comes back late, or as somebody new.
 */
#ifndef CROWD_LINK_H
#define CROWD_LINK_H

#include "resource.h"
#include "wire.h"

#define LANES      8
#define LINK_NEVER UINT64_MAX
#define LINK_DONE  4

enum slot_place { SLOT_MAIN, SLOT_SIDE, SLOTS };

/* A request that was sent and not answered. */
struct slot {
    bool is_pending;
    uint32_t serial;
    enum history_method method;
    uint64_t op;
    uint16_t flags;
    uint64_t asked_us;
    uint64_t sent_us; /* it was with the system by then; 0: not yet */
};

enum lane_aim {
    AIM_REST,
    AIM_ENTER, /* submit or acquire */
    AIM_LINE,  /* submitted, its turn has not come */
    AIM_CLAIM,
    AIM_HOLD,
    AIM_RENEW,
    AIM_VERIFY,
    AIM_RELEASE,
    AIM_WATCH, /* asks until it has ended */
    AIM_RIVAL, /* claims what another one submitted */
    AIM_LOOK,  /* checks a key */
    AIM_AUDIT  /* asks about one that ended before the crash */
};

/* What a lane's operation is for. */
struct work {
    uint64_t op;
    uint64_t exclusive, shared;
    uint64_t cells; /* what the exclusive keys cover */
    uint32_t wait_ms, lease_ms, claim_in_ms;
    bool has_payload, is_detached, acquires, cancels, counts, renews, oversleeps, is_orphan;
    bool is_answered, is_claimed, is_untraced, was_false, is_over;
    uint32_t session; /* the link's, when it was tied to it */
    uint64_t token;
    uint64_t hold_until_us, begun_us;
};

struct lane {
    struct link *link;
    uint32_t number;
    enum lane_aim aim;
    uint64_t wake_us;
    struct slot slots[SLOTS];
    uint32_t serial;
    struct work work;
    uint64_t target; /* whose operation a rival claims or an auditor asks about; a key to look at */
    uint64_t values[POOL_KEYS]; /* that were read when the hold began */
};

enum link_state { LINK_DOWN, LINK_GREETS, LINK_UP };

struct crowd;

struct link {
    struct crowd *crowd;
    uint16_t client;
    enum link_state state;
    int fd;
    bool is_deserter;
    uint64_t retry_us, leave_us;
    msgpack_sbuffer out;
    size_t n_sent;
    msgpack_unpacker in;
    uint64_t session;
    char secret[SECRET_SIZE];
    uint32_t session_number; /* how many sessions it has had */
    uint32_t grace_ms;
    uint64_t answered_us, greeted_us;
    uint32_t n_ops;
    uint64_t done[LINK_DONE];   /* the operations that ended last */
    uint64_t done_us;           /* when the latest did */
    uint64_t audits[LINK_DONE]; /* those of before the crash: are they still what they were? */
    uint64_t audits_us;         /* when that was */
    uint32_t n_done, n_audits;
    uint64_t chance;
    struct lane lanes[LANES];
};

/* One process: its links. */
struct crowd {
    const char *path; /* of the socket */
    int poll;
    struct history *history;
    struct resources resources;
    struct link *links;
    int n_links;
    bool is_over;                 /* no new operations */
    uint64_t rivals[POOL_WORLDS]; /* the latest detached operation: somebody may try to claim it */
};

void link_init(struct link *link, struct crowd *crowd, uint16_t client, uint64_t seed);
void link_finish(struct link *link);

/* Connects, leaves or does nothing, as the time is. */
void link_tend(struct link *link, uint64_t now_us);
void link_on_ready(struct link *link, uint32_t events);
void link_flush(struct link *link);

/* Sends a request of a lane; wire_request.id is set here. */
void link_ask(struct link *link, struct lane *lane, enum slot_place place,
              struct wire_request *request, uint16_t flags);

uint64_t link_random(struct link *link, uint64_t below);

#endif
