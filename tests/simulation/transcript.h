/*
 * The transcript of a run, for a person: what was said, and what broke. Written only when asked.
 */
#ifndef SIM_TRANSCRIPT_H
#define SIM_TRANSCRIPT_H

#include <stdio.h>

#include "clock.h"

struct transcript {
    FILE *to; /* NULL: nobody reads it */
    const struct clock *clock;
};

/* One line, with the time before it. */
void transcript_say(const struct transcript *transcript, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
