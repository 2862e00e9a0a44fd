#include "core/mode.h"

enum {
    IS = MODE_BIT(MODE_IS),
    IX = MODE_BIT(MODE_IX),
    S = MODE_BIT(MODE_S),
    SIX = MODE_BIT(MODE_SIX),
    X = MODE_BIT(MODE_X)
};

const uint8_t mode_conflicts[MODES] = {
    [MODE_IS] = X,
    [MODE_IX] = S | SIX | X,
    [MODE_S] = IX | SIX | X,
    [MODE_SIX] = IX | S | SIX | X,
    [MODE_X] = IS | IX | S | SIX | X,
};

/* clang-format off */
const uint8_t mode_supremum[MODES][MODES] = {
    /*               NONE      IS        IX        S         SIX       X */
    [MODE_NONE] = {MODE_NONE, MODE_IS,  MODE_IX,  MODE_S,   MODE_SIX, MODE_X},
    [MODE_IS]   = {MODE_IS,   MODE_IS,  MODE_IX,  MODE_S,   MODE_SIX, MODE_X},
    [MODE_IX]   = {MODE_IX,   MODE_IX,  MODE_IX,  MODE_SIX, MODE_SIX, MODE_X},
    [MODE_S]    = {MODE_S,    MODE_S,   MODE_SIX, MODE_S,   MODE_SIX, MODE_X},
    [MODE_SIX]  = {MODE_SIX,  MODE_SIX, MODE_SIX, MODE_SIX, MODE_SIX, MODE_X},
    [MODE_X]    = {MODE_X,    MODE_X,   MODE_X,   MODE_X,   MODE_X,   MODE_X},
};
/* clang-format on */
