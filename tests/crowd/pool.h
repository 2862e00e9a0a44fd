/*
 * The pool: the keys that everybody wants, one bit of a 64-bit set each.
 *
 * First those that stand above others, then those below them, then rows; the last ones are for
 * whoever holds long, or all the others would stand behind him.
 */
#ifndef CROWD_POOL_H
#define CROWD_POOL_H

/* A client is in the world with the number client % POOL_WORLDS: a namespace with the same keys. */
#define POOL_WORLDS 4

#define POOL_WIDE 6  /* stand above others */
#define POOL_TREE 22 /* with those below them */
#define POOL_ROWS 52
#define POOL_KEYS 64 /* the rest is slow */

extern const char *const pool_keys[POOL_KEYS];

#endif
