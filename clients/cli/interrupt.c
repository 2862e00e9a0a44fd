#include "interrupt.h"

#include <stddef.h>

static const int signals[N_INTERRUPTS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile int interrupts_seen;

static void on_interrupt(int signal)
{
    interrupts_seen = signal;
}

void interrupts_catch(struct interrupts *interrupts)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    for (size_t i = 0; i < N_INTERRUPTS; i++) {
        sigaction(signals[i], NULL, &interrupts->before[i]);
        if (interrupts->before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

void interrupts_restore(const struct interrupts *interrupts)
{
    for (size_t i = 0; i < N_INTERRUPTS; i++)
        sigaction(signals[i], &interrupts->before[i], NULL);
}
