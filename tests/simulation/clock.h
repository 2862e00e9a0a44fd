/*
 * Time in the simulated world, and the daemon's own idea of it.
 *
 * `real_ms` is the truth, by which the judge measures. The daemon reads a clock that leaves stalls
 * out (io_clock.h, the very code of the daemon), and a wall clock that somebody may set.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdint.h>

#include "server/io_clock.h"

#define CLOCK_WALL_AT_START 1750000000000LL
#define NEVER               INT64_MAX
#define STOP_COUNTS_MS      1000

struct clock {
    int64_t real_ms;
    int64_t wall_offset_ms; /* set by somebody */
    struct io_clock daemon;
    int64_t stopped_ms;       /* in which the daemon did not run, and which it must not count */
    int64_t stopped_since_ms; /* it does not run now; 0: it does */
};

static inline int64_t clock_daemon_ms(struct clock *clock)
{
    return io_clock_read(&clock->daemon, clock->real_ms);
}

static inline uint64_t clock_wall_ms(const struct clock *clock)
{
    return (uint64_t)(CLOCK_WALL_AT_START + clock->real_ms + clock->wall_offset_ms);
}

/* Of a stop it may count so much and no more. */
static inline int64_t clock_stopped_ms(const struct clock *clock)
{
    int64_t now_ms = clock->stopped_since_ms == 0
                         ? 0
                         : clock->real_ms - clock->stopped_since_ms - STOP_COUNTS_MS;
    return clock->stopped_ms + (now_ms > 0 ? now_ms : 0);
}

static inline void clock_stop(struct clock *clock)
{
    if (clock->stopped_since_ms == 0)
        clock->stopped_since_ms = clock->real_ms;
}

static inline void clock_go_on(struct clock *clock)
{
    clock->stopped_ms = clock_stopped_ms(clock);
    clock->stopped_since_ms = 0;
}

#endif
