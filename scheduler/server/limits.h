/*
 * Limits: one table, from which the configuration, hello's `limits` and the checks are made.
 *
 * LIMIT(name, default, least, most): sizes in bytes, durations in ms, the rest numbers. The name is
 * the setting in the configuration file, the key in hello's `limits`, and what over_limit names.
 */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include <stdint.h>

#define KIB       1024ULL
#define MIB       (1024 * KIB)
#define GIB       (1024 * MIB)
#define SECOND_MS 1000ULL
#define HOUR_MS   (3600 * SECOND_MS)
#define DAY_MS    (24 * HOUR_MS)

#define SERVER_LIMIT_LIST(LIMIT)                                                                   \
    /* one message */                                                                              \
    LIMIT(message, 8 * MIB, MIB, 64 * MIB)                                                         \
    LIMIT(nesting, 8, 8, 64)                                                                       \
    LIMIT(path, 1024, 64, 4096)                                                                    \
    LIMIT(segments, 16, 2, 16)                                                                     \
    LIMIT(keys, 100000, 1, 1000000)                                                                \
    LIMIT(key_text, 8 * MIB, 4 * KIB, 64 * MIB)                                                    \
    LIMIT(keys_per_check, 10000, 1, 100000)                                                        \
    LIMIT(payload, 64 * KIB, 0, 8 * MIB)                                                           \
    LIMIT(meta, 4 * KIB, 0, MIB)                                                                   \
    LIMIT(text, 255, 16, 4 * KIB)                                                                  \
    LIMIT(lease_min, 100, 1, HOUR_MS)                                                              \
    LIMIT(lease_max, 7 * DAY_MS, SECOND_MS, 3650 * DAY_MS)                                         \
    LIMIT(grace, HOUR_MS, 0, 7 * DAY_MS)                                                           \
    /* what is alive */                                                                            \
    LIMIT(live_ops, 1000000, 1, 100000000)                                                         \
    LIMIT(live_ops_per_session, 100000, 1, 100000000)                                              \
    LIMIT(live_claims, 10000000, 1, 1000000000)                                                    \
    LIMIT(live_bytes, GIB, 0, 64 * GIB)                                                            \
    LIMIT(namespaces, 1000, 1, 1000000)                                                            \
    LIMIT(remembered, 100000, 0, 100000000)                                                        \
    LIMIT(remembered_ms, DAY_MS, 0, 3650 * DAY_MS)                                                 \
    LIMIT(changed_keys, 1000000, 0, 100000000)                                                     \
    LIMIT(generations, 64, 1, 1000)                                                                \
    /* connections and sessions */                                                                 \
    LIMIT(connections, 4096, 1, 65536)                                                             \
    LIMIT(output, 8 * MIB, 64 * KIB, GIB)                                                          \
    LIMIT(buffers, 256 * MIB, MIB, 64 * GIB)                                                       \
    LIMIT(pending, 1024, 1, 1000000)                                                               \
    LIMIT(lingering, 10000, 0, 1000000)

struct server_limits {
#define SERVER_LIMIT_FIELD(name, usual, least, most) uint64_t name;
    SERVER_LIMIT_LIST(SERVER_LIMIT_FIELD)
#undef SERVER_LIMIT_FIELD
};

#endif
