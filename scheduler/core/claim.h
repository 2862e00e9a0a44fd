/*
 * The claims of an operation: on every key that it names, and on every key above one.
 *
 * One array an operation: first the named keys in byte order, then the others. On each key an
 * operation has one claim, in the supremum of all modes that it needs there.
 */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include <stdint.h>

enum claim_mark {
    CLAIM_BLOCKED = 1,   /* waits behind a conflicting claim */
    CLAIM_UNDER = 2,     /* a key above is named, shared, by the same operation */
    CLAIM_WALKED_IS = 4, /* only during core_ahead: looked at on behalf of a key below */
    CLAIM_WALKED_IX = 8,
    CLAIM_GIVEN = 16, /* only during a release with keys: it is one of them */
    CLAIM_HAD = 32    /* only in the draft of a refused extension: nothing new */
};

struct claim {
    struct claim *next, *prev; /* in a ring of the key's line */
    uint32_t key;              /* number in struct keys */
    uint32_t op;               /* number in struct ops */
    uint32_t parent;           /* place in the array of the claim one segment up; root: itself */
    uint8_t mode;              /* enum mode: what it stands in line for */
    uint8_t named;             /* MODE_S, MODE_X: as the client named it; MODE_NONE: not */
    uint8_t marks;             /* enum claim_mark */
};

_Static_assert(sizeof(struct claim) == 32, "millions of them live");

#endif
