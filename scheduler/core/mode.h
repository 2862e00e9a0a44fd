/*
 * Modes: what may stand beside what on one key.
 *
 * A client names keys as S (shared) or X (exclusive). IS and IX say on every key above a named one
 * that something below is named; SIX is S and IX of one operation on the same key.
 */
#ifndef CORE_MODE_H
#define CORE_MODE_H

#include "core/core.h"

#define MODES          6
#define MODE_BIT(mode) (1U << (mode))

/* Not a mode: the line of the waiting children on a key, in whatever modes. Conflicts are asked of
 * modes, so that it is never among them. */
#define MODE_CHILDREN MODE_NONE

/* The modes, as bits, that each mode conflicts with; symmetric. */
extern const uint8_t mode_conflicts[MODES];
/* The weakest mode that is at least as strong as both. */
extern const uint8_t mode_supremum[MODES][MODES];

/* What a key named in S or X puts on the keys above it. */
static inline enum mode mode_above(enum mode named)
{
    return named == MODE_X ? MODE_IX : MODE_IS;
}

/* Over the modes in a set of bits. */
#define MODE_EACH(set, mode)                                                                       \
    for (uint32_t rest_ = (set), mode;                                                             \
         rest_ != 0 && (mode = (uint32_t)__builtin_ctz(rest_), true); rest_ &= rest_ - 1)

#endif
