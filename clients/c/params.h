/*
 * The fields of a request, packed as they are put. The functions to put them are in lockq.h.
 */
#ifndef CLIENT_PARAMS_H
#define CLIENT_PARAMS_H

#include <msgpack.h>

#include "lockq/lockq.h"

struct lockq_params {
    msgpack_sbuffer bytes; /* the pairs, without the head of the map */
    uint32_t pairs;
    bool has_lease, ties; /* which fields there are */
};

/* A value that is packed already. */
void params_put_raw(struct lockq_params *params, const char *field, const char *bytes, size_t n);

#endif
