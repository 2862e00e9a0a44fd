/*
 * Requests: one frame, read, checked and given names.
 *
 * Everything that can be checked without knowing an operation is checked here: the outer shape,
 * the method, each field's presence, type, range and size. Which fields a method takes stands in
 * one table in request.c, what may stand in a field in one in fields.c. What is not in the tables
 * is an error that names it: a field dropped in silence could lock more weakly than asked.
 */
#ifndef WIRE_REQUEST_H
#define WIRE_REQUEST_H

#include "base/slice.h"
#include "lockq/status.h"

/* Method: enum name, wire name. */
#define WIRE_METHOD_LIST(X)                                                                        \
    X(HELLO, "hello")                                                                              \
    X(SUBMIT, "submit")                                                                            \
    X(ACQUIRE, "acquire")                                                                          \
    X(WAIT, "wait")                                                                                \
    X(CLAIM, "claim")                                                                              \
    X(RENEW, "renew")                                                                              \
    X(EXTEND, "extend")                                                                            \
    X(RELEASE, "release")                                                                          \
    X(CANCEL, "cancel")                                                                            \
    X(VERIFY, "verify")                                                                            \
    X(CHECK, "check")                                                                              \
    X(STATUS, "status")                                                                            \
    X(LIST, "list")                                                                                \
    X(EXPLAIN, "explain")                                                                          \
    X(PLAN, "plan")                                                                                \
    X(SUBSCRIBE, "subscribe")                                                                      \
    X(UNSUBSCRIBE, "unsubscribe")                                                                  \
    X(KILL, "kill")                                                                                \
    X(DRAIN, "drain")                                                                              \
    X(STATS, "stats")                                                                              \
    X(PING, "ping")

enum wire_method {
#define WIRE_METHOD_ENUM(name, wire) METHOD_##name,
    WIRE_METHOD_LIST(WIRE_METHOD_ENUM)
#undef WIRE_METHOD_ENUM
        METHOD_COUNT
};

/* Field: enum name, wire name. */
#define WIRE_FIELD_LIST(X)                                                                         \
    X(PROTOCOL, "protocol")                                                                        \
    X(CLIENT, "client")                                                                            \
    X(NAMESPACE, "namespace")                                                                      \
    X(GRACE, "grace")                                                                              \
    X(RESUME, "resume")                                                                            \
    X(OP, "op")                                                                                    \
    X(TOKEN, "token")                                                                              \
    X(KEYS, "keys")                                                                                \
    X(SHARED, "shared")                                                                            \
    X(WAIT, "wait")                                                                                \
    X(LEASE, "lease")                                                                              \
    X(CLAIM_IN, "claim_in")                                                                        \
    X(WHO, "who")                                                                                  \
    X(WHY, "why")                                                                                  \
    X(META, "meta")                                                                                \
    X(PAYLOAD, "payload")                                                                          \
    X(TIMEOUT, "timeout")                                                                          \
    X(PROGRESS, "progress")                                                                        \
    X(OUTCOME, "outcome")                                                                          \
    X(AFTER_KEY, "after_key")                                                                      \
    X(STATE, "state")                                                                              \
    X(KEY, "key")                                                                                  \
    X(MINE, "mine")                                                                                \
    X(CLAIMED, "claimed")                                                                          \
    X(AFTER, "after")                                                                              \
    X(LIMIT, "limit")                                                                              \
    X(PARENT, "parent")                                                                            \
    X(PARENT_TOKEN, "parent_token")                                                                \
    X(UNCHANGED_SINCE, "unchanged_since")                                                          \
    X(ON_CHANGE, "on_change")                                                                      \
    X(MAX_HOLD, "max_hold")                                                                        \
    X(PASS, "pass")                                                                                \
    X(TIE, "tie")                                                                                  \
    X(UNCHANGED, "unchanged")                                                                      \
    X(SINCE, "since")                                                                              \
    X(GRANTS, "grants")                                                                            \
    X(ENDS, "ends")                                                                                \
    X(CONTENDED, "contended")                                                                      \
    X(ON, "on")

enum wire_field {
#define WIRE_FIELD_ENUM(name, wire) FIELD_##name,
    WIRE_FIELD_LIST(WIRE_FIELD_ENUM)
#undef WIRE_FIELD_ENUM
        FIELD_COUNT
};

/* Limits on what one request may hold, in bytes, numbers and ms; names as in hello's `limits`. */
struct wire_limits {
    uint64_t path, segments, keys, key_text, keys_per_check;
    uint64_t payload, meta, text; /* text: who, why, why_ended, progress, outcome */
    uint64_t lease_min, lease_max, grace_max;
};

#define WIRE_FOREVER INT64_MAX

/* A named key: canonical path (segments joined by '/', %2F and %25 inside; the root is empty). */
struct wire_key {
    struct slice path; /* in the frame, or in the parser's own memory */
    bool shared;
};

/* One request, read. Slices and `keys` live until the next call with the same parser and frame. */
struct request {
    uint32_t id;
    enum wire_method method; /* METHOD_COUNT: there is no such one */
    uint64_t given;          /* 1 << FIELD_x for each field that was there: request_has */

    uint64_t protocol;
    struct slice client, ns;
    int64_t grace_ms;            /* -1: not given */
    uint64_t session;            /* resume */
    struct slice secret;         /* resume */
    struct slice op;             /* n == 0: not given */
    uint64_t token;              /* 0: not given; a 0 that was sent comes as one that nobody has */
    const struct wire_key *keys; /* exclusive and shared, as they came */
    uint32_t n_keys;
    int64_t wait_ms;                /* true or absent: WIRE_FOREVER; false: 0 */
    bool detached;                  /* lease given */
    int64_t lease_ms;               /* 0 on the wire: WIRE_FOREVER; -1: not given */
    int64_t claim_in_ms;            /* WIRE_FOREVER: not given */
    int64_t timeout_ms;             /* WIRE_FOREVER: not given */
    struct slice who, why;          /* at == NULL: not given */
    struct slice meta, payload;     /* raw MessagePack; at == NULL: not given */
    struct slice progress, outcome; /* text; at == NULL: not given */
    struct slice after_key, key;    /* canonical paths; see `given` */
    uint32_t states;                /* list: 1 << 0 waiting, 1 granted, 2 ended; never 0 */
    bool mine, claimed;             /* list; `claimed` counts only when given */
    uint64_t after;                 /* list: a ticket */
    uint64_t limit;                 /* list: 1 .. 1000, default 100 */
    struct slice parent;            /* at == NULL: not given */
    uint64_t parent_token;          /* as `token` */
    uint64_t unchanged_since;       /* see `given` */
    bool on_change_tells;           /* "tell"; else "end" */
    int64_t max_hold_ms;            /* 0: not given */
    bool passes, ties, unchanged;
    uint64_t since;               /* check; see `given` */
    bool grants, ends, contended; /* subscribe; see `given` */
    bool on;                      /* drain */
};

static inline bool request_has(const struct request *request, enum wire_field field)
{
    return (request->given >> field & 1) != 0;
}

struct parser; /* owns the scratch memory of keys; one for all connections */

struct parser *parser_create(const struct wire_limits *limits);
void parser_destroy(struct parser *parser);

#define WIRE_SENTENCE_MAX 256

enum request_kind {
    REQUEST_OK,
    REQUEST_ERROR,        /* answer request->id with `status` and `sentence` */
    REQUEST_BROKEN,       /* wrong outer shape: answer id 4294967295 with parse, then close */
    REQUEST_NOTIFICATION, /* from the client: to be dropped and counted */
};

struct request_result {
    enum request_kind kind;
    enum lockq_status status;         /* REQUEST_ERROR, REQUEST_BROKEN */
    char sentence[WIRE_SENTENCE_MAX]; /* what stands after "code: "; printable UTF-8 */
};

/* Reads one frame that the scanner has passed. `result` tells what came of it. */
void request_parse(struct parser *parser, struct slice frame, struct request *request,
                   struct request_result *result);

extern const char *const wire_method_names[METHOD_COUNT];
extern const char *const wire_field_names[FIELD_COUNT];
extern const char *const wire_status_names[LOCKQ_PARSE + 1];     /* "wrong_token" */
extern const char *const wire_status_sentences[LOCKQ_PARSE + 1]; /* the default ones */

#endif
