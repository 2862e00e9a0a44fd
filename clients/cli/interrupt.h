/*
 * Signals that end the waiting of run and hold: noted, so that the line is left in order.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

#define N_INTERRUPTS 4

struct interrupts {
    struct sigaction before[N_INTERRUPTS]; /* what they did */
};

extern volatile int interrupts_seen; /* the one that came; 0: none */

/* One that is ignored stays so, for a command too (nohup). */
void interrupts_catch(struct interrupts *interrupts);
void interrupts_restore(const struct interrupts *interrupts);

#endif
