/*
 * The world around the server: links, clocks, a store, and the process that the server runs in.
 *
 * It is one of the two drivers of server.h and does what the other one (io.c) does, in the same
 * order: read the clock, poll, read each connection once, carry out what was read, decide what was
 * due before the poll, begin a commit, write. Between any two of these the process may stop for a
 * while or die.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "clock.h"
#include "fake_store.h"
#include "link.h"
#include "plan.h"
#include "server/server.h"
#include "transcript.h"

#define LINKS_MAX (2 * CLIENTS_MAX) /* one in use and one left behind for each client */

struct world_counts {
    uint64_t turns, commits, crashes, faults[FAULT_COUNT];
};

/* What becomes of the commit that is next, or under way. */
enum commit_fate {
    COMMIT_SUCCEEDS,
    COMMIT_FAILS,      /* the store says no, and whether it is there is open */
    COMMIT_NOT_BEGUN,  /* the process dies before it */
    COMMIT_CUT_OFF,    /* the process dies during it: it is there or not */
    COMMIT_UNANSWERED, /* the process dies after it, before anybody is told */
};

struct world {
    const struct plan *plan;
    struct chance *chance;
    struct transcript *transcript;
    struct clock clock;
    struct fake_store store;
    struct link links[LINKS_MAX];
    uint32_t n_links, link_numbers;

    /* the process */
    struct server *server; /* NULL: it is down */
    int64_t up_at_ms;      /* while it is down: when it is started again */
    int64_t runs_at_ms;    /* it is stopped until then */
    bool is_inside;        /* stopped between its reading and its carrying out or deciding */
    bool stalls_inside;    /* it will be, in its next turn */
    bool waits;            /* a commit waits for more: the poll does not sleep */
    int64_t decided_ms;    /* its clock before the poll */
    bool is_stopping;      /* SIGTERM */
    int64_t stops_ms;      /* then it ends, whatever is left to be written */
    int64_t stalled_ms;    /* when it was last stopped or started */
    uint32_t generation;   /* how often it was started */

    /* the disk */
    const struct store_batch *committing;
    int64_t committed_ms; /* when it is done */
    int64_t commit_since_ms,
        commit_end_ms; /* of the latest row of slices: its first and its last */
    enum commit_fate fate;
    int64_t slow_until_ms, low_until_ms;

    bool is_quiet; /* no more faults */
    struct world_counts counts;
    uint64_t print;  /* of every byte that went either way */
    char wrong[600]; /* what cannot be; empty: nothing */
};

void world_init(struct world *world, const struct plan *plan, struct chance *chance,
                struct transcript *transcript);
void world_finish(struct world *world);

/* When the process next has something to do; NEVER only if nothing will ever happen. */
int64_t world_next_ms(const struct world *world);
/* It does that. The clock says when. */
void world_run(struct world *world);

/* The server is told what time it is, before anything else that it is told. */
void world_tell_time(struct world *world);

/* A link for the client: of its two the one that is free, or else the one left behind longest. */
struct link *world_connect(struct world *world, int client);
void world_say(struct world *world, struct link *link, const char *bytes, size_t n);

/* The process dies; with `power` the machine does. It comes back after a while. */
void world_crash(struct world *world, const char *how, bool power);
/* SIGTERM: it takes nothing new, and ends when everything is said. */
void world_stop(struct world *world);
/* Everybody's bytes, mixed into one number. */
void world_print(struct world *world, const void *bytes, size_t n);

#endif
