/*
 * The plan of a run: everything that its seed draws before it begins.
 *
 * Which faults there are and how often, how large the limits are, how fast network and disk, what
 * clients like to do. Each kind of fault has a weight of its own, which may be zero: some seeds
 * have no faults, some a single kind of them, most a mix.
 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"
#include "server/limits.h"

#define CLIENTS_MAX 8
#define SLICE_MAX   6 /* records, when steps are cut into slices */

#define FAULT_LIST(FAULT)                                                                          \
    FAULT(CUT_UP, "cut_up")             /* a connection breaks after some byte from the client */  \
    FAULT(CUT_DOWN, "cut_down")         /* ... after some byte to the client */                    \
    FAULT(RESET, "reset")               /* a connection is lost with all that is on its way */     \
    FAULT(VANISH, "vanish")             /* ... and the daemon is not told */                       \
    FAULT(LEAVE, "leave")               /* a client closes properly */                             \
    FAULT(DELAY, "delay")               /* a link becomes slow */                                  \
    FAULT(DEAF, "deaf")                 /* a client does not read for a while */                   \
    FAULT(SIP, "sip")                   /* a client reads a few bytes at a time */                 \
    FAULT(HALF, "half")                 /* a frame is sent by half, the rest later or never */     \
    FAULT(FLOOD, "flood")               /* many requests in one write */                           \
    FAULT(GARBAGE, "garbage")           /* what is no message, or too large or deep a one */       \
    FAULT(STALL, "stall")               /* the daemon does not run for seconds to minutes */       \
    FAULT(STALL_INSIDE, "stall_turn")   /* ... beginning between its reading and its deciding */   \
    FAULT(WALL, "wall")                 /* the wall clock is set, back or forward */               \
    FAULT(SLOW_STORE, "slow_store")     /* commits take seconds for a while */                     \
    FAULT(LOW_DISK, "low_disk")         /* the disk is nearly full for a while */                  \
    FAULT(FAIL_COMMIT, "fail_commit")   /* a commit fails; the batch is there or not */            \
    FAULT(CRASH, "crash")               /* SIGKILL at any time */                                  \
    FAULT(CRASH_BEFORE, "crash_before") /* ... before a commit */                                  \
    FAULT(CRASH_DURING, "crash_during") /* ... while it is under way: it is there or not */        \
    FAULT(CRASH_AFTER, "crash_after")   /* ... when it is there and nothing was answered */        \
    FAULT(POWER, "power")               /* a power failure: what is not synced is lost */          \
    FAULT(FAIL_START, "fail_start")     /* a start fails, before or in its first commit */         \
    FAULT(STOP, "stop")                 /* SIGTERM */

enum fault {
    FAULT_NONE,
#define FAULT_ENUM(name, text) FAULT_##name,
    FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};

extern const char *const fault_names[FAULT_COUNT];

struct plan {
    int n_clients;
    int events;        /* of the phase with faults */
    uint32_t think_ms; /* a client rests up to so long between two acts */

    uint32_t fault_permille; /* of all events */
    uint32_t weights[FAULT_COUNT], weights_sum;

    uint32_t wall_ms; /* by which the wall clock is set, at most */

    uint32_t delay_ms;    /* of a message on its way, at most */
    uint32_t commit_ms;   /* of a commit, at most */
    uint32_t split;       /* per cent of writes that arrive in pieces */
    uint32_t records_max; /* of one commit */
    size_t read_most;     /* bytes that the daemon reads from a connection in a turn */
    size_t window;        /* bytes that a connection holds until its client reads */

    struct server_limits limits;
    bool forgets;  /* ended operations may be forgotten within the run */
    bool is_roomy; /* whoever reads is read from at once: no small buffers anywhere */

    uint32_t n_paths;                                            /* from which keys are drawn */
    uint32_t tied, shared, wide, children, passing, more, stale; /* per cent */
    uint32_t governing; /* of acts: kill, drain, subscribe */
};

void plan_draw(struct plan *plan, struct chance *chance);

/* A fault for this moment, mostly none. */
enum fault plan_fault(const struct plan *plan, struct chance *chance);

#endif
