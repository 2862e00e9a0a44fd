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

struct clock {
    int64_t real_ms;
    int64_t wall_offset_ms; /* set by somebody */
    struct io_clock daemon;
};

static inline int64_t clock_daemon_ms(struct clock *clock)
{
    return io_clock_read(&clock->daemon, clock->real_ms);
}

static inline uint64_t clock_wall_ms(const struct clock *clock)
{
    return (uint64_t)(CLOCK_WALL_AT_START + clock->real_ms + clock->wall_offset_ms);
}

#endif
