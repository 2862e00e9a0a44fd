/*
 * The scripts: what happens inside Redis, whole or not at all.
 *
 * Two numbers in lockq:meta keep a commit from being done twice, and by anybody but the one daemon:
 *
 *   - `opening` rises whenever a daemon takes the store, before it reads a row. A commit is refused
 *     when it is not the daemon's own any more: one that was stopped and wakes after another took
 *     over writes nothing. (The epoch cannot do this: it is raised by the first commit only, and
 *     the rows must not move while they are read before that.)
 *   - `turn` rises with each commit. A commit says which turn it follows. When its answer was lost
 *     it is sent again as it was, and reading back and doing it are one step: the turn is its own:
 *     it was done; the one before: it is done now; any other: refused. (The seq cannot do this: a
 *     commit that only forgets operations does not raise it.)
 *
 * The script knows nothing of rows: behind these it gets sections, each a command of Redis, a key
 * and values, and carries them out. Lua cannot pass on more than some 8,000 values at once, so each
 * goes in pieces. A script that fails half-way is not taken back by Redis, so what can fail is
 * asked before anything is written: whether each key has the type for its command (somebody else
 * may use a name of the mirror), and with the first write whether there is memory.
 */
#ifndef STORE_REDIS_SCRIPT_H
#define STORE_REDIS_SCRIPT_H

#include "store/redis_store.h"

extern const char redis_script_commit[];
extern const char redis_script_open[];
extern const char redis_script_close[];
extern const char redis_script_scan[];  /* a cursor -> the next cursor and some fields of a hash */
extern const char redis_script_fetch[]; /* bytes, fields -> the values of as many as those hold */

/* Begins `command` as the commit of the next turn; sections follow. */
void redis_script_begin(struct redis_store *store);
/* Carries `command` through: sends it until it is known to be done, however long Redis is away;
 * while the store is being opened only once. */
struct store_result redis_script_carry(struct redis_store *store, const char *doing);
/* The same, unless nothing was added to it. */
struct store_result redis_script_carry_any(struct redis_store *store, const char *doing);
/* A commit of nothing, so that the owner key lives on. */
struct store_result redis_script_renew(struct redis_store *store);

#endif
