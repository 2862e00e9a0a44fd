/*
 * Faults, made to happen: one function for each kind.
 */
#ifndef SIM_INJECT_H
#define SIM_INJECT_H

#include "client.h"

void inject(enum fault fault, struct world *world, struct client *clients, struct chance *chance);

/* Nothing is wrong any more, and nothing will be. Links that were left behind are found out. */
void inject_heal(struct world *world);

#endif
