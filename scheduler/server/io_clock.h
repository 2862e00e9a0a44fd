/*
 * The daemon's clock: milliseconds that only rise, and do not jump.
 *
 * Deadlines are counted on it. A gap between two readings that is longer than the loop ever sleeps
 * was a stall (a stopped process, a suspended machine): of it only IO_CLOCK_STEP_MAX counts, so a
 * stall is added to every deadline instead of ending leases whose renewals could not be read. While
 * the store is away the clock stands still altogether: nobody can be told that a lease was renewed.
 */
#ifndef SERVER_IO_CLOCK_H
#define SERVER_IO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define IO_CLOCK_STEP_MAX 1000 /* ms */
#define IO_SLEEP_MAX      500  /* ms that the loop sleeps at most while a deadline is armed */

/* All zero: not read yet; its first reading is 1. */
struct io_clock {
    int64_t real_ms; /* of the last reading */
    int64_t now_ms;
    bool stands_still;
};

/* The time now, when a monotonic clock of the machine says real_ms. */
static inline int64_t io_clock_read(struct io_clock *clock, int64_t real_ms)
{
    int64_t step = real_ms - clock->real_ms;

    if (clock->now_ms == 0)
        clock->now_ms = 1;
    else if (step > 0 && !clock->stands_still)
        clock->now_ms += step < IO_CLOCK_STEP_MAX ? step : IO_CLOCK_STEP_MAX;
    clock->real_ms = real_ms;
    return clock->now_ms;
}

#endif
