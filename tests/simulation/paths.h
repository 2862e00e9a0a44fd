/*
 * The keys of a run, as bits: bit i of a set is path_texts[i].
 *
 * Two keys overlap when one is the other or a beginning of it, segment by segment. Nothing of the
 * daemon is asked for that: there are no intention modes and no lines in here.
 */
#ifndef SIM_PATHS_H
#define SIM_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#define PATHS_COUNT 22

extern const char *const path_texts[PATHS_COUNT];

/* Once, before anything else. */
void paths_init(void);

/* Everything that overlaps one of the set. */
uint32_t paths_reach(uint32_t set);

/* The bit of a path that the daemon wrote; 0: none of ours. */
uint32_t paths_find(const char *text, uint32_t n);

/* Whether two operations with such exclusive and shared keys exclude each other. */
static inline bool paths_conflict(uint32_t x1, uint32_t s1, uint32_t x2, uint32_t s2)
{
    return (paths_reach(x1) & (x2 | s2)) != 0 || (paths_reach(s1) & x2) != 0;
}

#endif
