/*
 * Content: what makes two submits with one id the same operation.
 */
#ifndef CORE_CONTENT_H
#define CORE_CONTENT_H

#include "core/core.h"

struct content {
    uint64_t hash[2];
};

/*
 * Over keys and modes, whether detached, lease, claim_in and payload; not over waiting time, who,
 * why and meta. The same in every run of the daemon, since it is stored.
 */
struct content content_of(struct core *core, const struct event *event);

#endif
