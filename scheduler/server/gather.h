/*
 * Gathering: how long a commit that could begin waits for more requests.
 *
 * Those who were answered by a commit are about to send their next request. If the next commit
 * begins with the first of them, the others wait for the one behind it: two commits where one would
 * do, for ever. So a commit waits for as many as were just answered and as came meanwhile, and
 * begins at once when they are here: a lone client waits for nobody. After half a commit without a
 * word, or a whole one in all, it begins without them; and where most of them did not come, clients
 * are not of that kind, and the next commits do not wait: one, then three, seven, up to 31, before
 * it is tried again.
 *
 * Knows times as numbers, and counts connections that were read, whatever they sent.
 */
#ifndef SERVER_GATHER_H
#define SERVER_GATHER_H

#include <stdbool.h>
#include <stdint.h>

#define GATHER_NS_MAX 2000000 /* how long a commit counts that hung for longer */

/* All zero before the first commit, which waits for nobody. */
struct gather {
    uint32_t n_heard;    /* since the last commit began */
    uint32_t n_carried;  /* by that commit */
    uint32_t n_expected; /* of n_heard; then the next begins */
    uint32_t skips;      /* commits that do not wait */
    uint32_t skips_next; /* the same, after the next wait in vain */
    uint64_t began_ns;   /* the last commit */
    uint64_t took_ns;    /* how long it took, once it is over */
    uint64_t ready_ns;   /* since when the next could begin: for so long it waits; 0: it does not */
    uint64_t stirred_ns; /* when a turn that read or answered something was over */
};

/* Requests of n connections were carried out. */
void gather_on_heard(struct gather *gather, uint32_t n);
void gather_on_begin(struct gather *gather, uint64_t now_ns);
/* The commit is durable: its answers leave now. `is_whole`: it was no part of a longer one, the
 * rest of which waits for nobody. */
void gather_on_commit(struct gather *gather, bool is_whole, uint64_t now_ns);
/* At the end of a turn in which something was read or answered. */
void gather_on_stirred(struct gather *gather, uint64_t now_ns);

/* Whether a commit that could begin now is to wait. */
bool gather_waits(struct gather *gather, uint64_t now_ns);

#endif
