/*
 * The core: which operation is granted when.
 *
 * A pure state machine. One event goes in with its time, the operations it touched come out as
 * effects, in order; the driver asks for the next deadline. The core reads no clock, no random
 * source and no hash order: the same events give the same effects (rule 12 of the README beside
 * this file, which has the model, the rules and the invariants).
 *
 * It does not know of sockets, stores or sessions: a session is a number that owns operations.
 * It decides everything about an operation: who may touch it, in which state, when it ends.
 *
 * Times: `now_ms` is a clock that only rises (deadlines are counted on it); `wall_ms` is Unix
 * time, written into operations for people and never decided on, except to forget old history.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/list.h"
#include "base/siphash.h"
#include "base/slice.h"
#include "lockq/status.h"

enum mode { MODE_NONE, MODE_IS, MODE_IX, MODE_S, MODE_SIX, MODE_X };

/* In the order of an operation's life. */
enum op_state { OP_WAITING, OP_GRANTED, OP_ENDED };

/* How an operation ended: code and wire name. */
#define CORE_END_LIST(X)                                                                           \
    X(RELEASED, "released")                                                                        \
    X(CANCELLED, "cancelled")                                                                      \
    X(TIMEOUT, "timeout")                                                                          \
    X(EXPIRED, "expired")                                                                          \
    X(LOST, "lost")                                                                                \
    X(KILLED, "killed")                                                                            \
    X(STALE, "stale")                                                                              \
    X(DEADLOCK, "deadlock")                                                                        \
    X(REFUSED, "refused")

enum op_end {
    END_NONE,
#define CORE_END_ENUM(name, wire) END_##name,
    CORE_END_LIST(CORE_END_ENUM)
#undef CORE_END_ENUM
};

#define CORE_FOREVER         INT64_MAX /* a duration or deadline that never comes */
#define CORE_SEGMENTS_MAX    16        /* of a path; the path itself is limited by the driver */
#define CORE_TOKENS_AN_EPOCH (1ULL << 32)
#define CORE_BLOCKERS_SHOWN  16
#define CORE_CHANGES_SHOWN   16
#define CORE_PASSED_MAX      16   /* times that a waiting operation is passed */
#define CORE_BLOCKERS_WALK   1000 /* conflicting claims looked at to count those ahead */

struct core_namespace; /* opaque: a separate world of keys and ids */

/* What a submit asks about the changes of its keys since `unchanged_since`. */
enum on_change {
    CHANGE_IGNORED,
    CHANGE_ENDS, /* then it ends as stale, at the submit or at its turn */
    CHANGE_TOLD  /* then it is granted, and told of them */
};

/* A key that changed. `rev`: the seq of its latest change, or of one above or below it; 0: it is
 * not known whether it changed, and nothing else is. */
struct core_change {
    struct slice key; /* as it was asked for */
    uint64_t rev;
    struct slice op, who; /* that changed it */
};

/*
 * One operation, live or remembered. Owned by the core, at a stable address until the step after
 * the one that forgot it. The driver reads it, and writes only `driver`.
 * All slices point to memory of the operation and live as long as it, or until replaced.
 */
struct op {
    struct core_namespace *ns;
    struct slice id;
    uint64_t ticket;     /* place in the one global order of arrival; from 1, never reused */
    uint64_t seq;        /* of its own latest change */
    uint64_t token;      /* fencing token; 0 before the grant, stays after the end */
    uint64_t session;    /* that submitted it */
    uint64_t claimed_by; /* session that claimed it; 0: nobody */
    enum op_state state;
    enum op_end end;
    bool detached; /* it has a lease and outlives its session; else tied to `session` */
    bool tied;     /* detached: it was claimed with a tie, and lives and dies with claimed_by */

    /* The granted operation under which it runs; NULL: it is an ordinary one. At least as long
     * remembered as this one. */
    const struct op *parent;
    uint32_t n_children; /* live ones */
    uint32_t n_passed;   /* times that others passed it while it waited; CORE_PASSED_MAX at most */

    /* Durations in ms as the client gave them. */
    int64_t wait_ms;     /* how long to stay in line; CORE_FOREVER */
    int64_t lease_ms;    /* detached only; CORE_FOREVER: until released (lease 0) */
    int64_t claim_in_ms; /* detached only: unclaimed after that long, a grant expires */
    int64_t max_hold_ms; /* no renewal makes it longer; 0: no such limit */
    int64_t deadline_ms; /* when it times out or expires, on the clock of now_ms; CORE_FOREVER */

    uint64_t submitted_ms, granted_ms, ended_ms; /* Unix time; 0: not yet */
    uint64_t content[2]; /* hash of what makes two submits the same; 0: the core gave the id */

    struct slice who, why;    /* for people; never NULL text, perhaps empty */
    struct slice meta;        /* MessagePack, at == NULL when absent; forgotten at the end */
    struct slice payload;     /* the same */
    struct slice progress;    /* at == NULL: never told; MessagePack text as the driver gave it */
    struct slice outcome;     /* of the release; at == NULL: none */
    struct slice why_ended;   /* of a cancel or kill; at == NULL: none */
    uint64_t unchanged_since; /* a seq; read unless CHANGE_IGNORED */
    enum on_change on_change;
    uint32_t n_changed; /* of its keys, as found at the grant or at the end as stale: the first */
    const struct core_change *changed;
    uint32_t n_keys, n_shared; /* named by the client: exclusive, shared; 0 after the end */

    struct {
        uint64_t row_hash;    /* of its row as last handed to the store; 0: no row */
        uint32_t dirty_place; /* place + 1 in the list of changed operations; 0: unchanged */
        struct list answers;  /* deferred answers that wait for it */
        bool told_contended;  /* its session was told that somebody waits */
        struct op_tell {
            struct list link; /* in the list of a session */
            uint8_t what;     /* what that session is still to be told; 0: nothing */
            uint8_t role;     /* place in tell[] */
        } tell[2];            /* the submitting session, the claiming one */
    } driver;
};

/* --- events -------------------------------------------------------------------------------- */

enum event_type {
    EVENT_SUBMIT,
    EVENT_CLAIM,
    EVENT_RENEW,
    EVENT_RELEASE,
    EVENT_CANCEL,
    EVENT_KILL, /* anybody's, waiting or granted: who may is for the driver to know */
    EVENT_EXTEND,
    EVENT_SESSION_END, /* every live operation tied to `session` ends as lost */
    EVENT_TICK         /* decides every deadline up to until_ms, by deadline, then ticket; forgets
                          old history */
};

/* A key that an operation names. `path` is canonical: segments joined by '/', none empty, a slash
 * inside a segment as %2F and a percent sign as %25; the root is the empty path. */
struct core_key {
    struct slice path;
    enum mode mode; /* MODE_S or MODE_X */
};

/*
 * Which fields an event reads is said beside each. Slices need to live only during the step.
 */
struct event {
    enum event_type type;
    int64_t now_ms;   /* all; never below that of the event before */
    uint64_t wall_ms; /* all */

    int64_t until_ms; /* TICK: at most now_ms; what came due later waits for the next tick */

    struct slice ns;  /* all but SESSION_END and TICK: name of the namespace */
    struct slice op;  /* the same: id; n == 0 in SUBMIT: the ticket's digits, which are nobody
                         else's as long as no given id is all digits */
    uint64_t session; /* all but TICK: who asks */
    uint64_t token;   /* RENEW, RELEASE, EXTEND: 0 is none given */

    /* SUBMIT, EXTEND: as core_normalise left them. RELEASE: those to give back, as core_sort_keys
     * left them, whatever their mode; n_keys == 0: all. */
    const struct core_key *keys;
    uint32_t n_keys;

    /* SUBMIT. */
    bool detached;
    int64_t wait_ms; /* 0: refuse instead of waiting */
    int64_t claim_in_ms, max_hold_ms;
    struct slice who, why, meta, payload;
    struct slice parent;   /* id; at == NULL: none */
    uint64_t parent_token; /* 0: none given; as for `token`, then the session must be the owner */
    enum on_change on_change;
    uint64_t unchanged_since;
    bool passes; /* waiting ordinary operations do not keep it back; wait_ms is 0 */

    bool tie;       /* CLAIM */
    bool unchanged; /* RELEASE: nothing was changed under it */

    int64_t lease_ms;      /* SUBMIT; RENEW: the new lease, -1 keeps the old one (any other value
                              for a tied operation is BAD_REQUEST); CORE_FOREVER */
    struct slice progress; /* RENEW: at == NULL keeps what was told */
    struct slice outcome;  /* RELEASE */
    struct slice reason;   /* CANCEL, KILL */
};

enum effect_type {
    EFFECT_SUBMITTED, /* entered the line (a grant in the same step follows as its own effect) */
    EFFECT_GRANTED,
    EFFECT_CHANGED, /* claimed, renewed, extended, gave keys back: it has a new seq */
    EFFECT_PASSED,  /* waits, and another one comes to hold before it: n_passed, but no new seq */
    EFFECT_ENDED,
    EFFECT_FORGOTTEN, /* no longer remembered; `op` is valid until the next step */
    EFFECT_CONTENDED  /* granted, and somebody begins to wait for it; only if core_tell_contended */
};

struct effect {
    enum effect_type type;
    struct op *op;
};

/* A blocker as a person wants to see it. */
struct blocker {
    const struct op *op;
    struct slice key; /* what the blocker named: its first such key in byte order */
    enum mode mode;   /* in which mode it named it: MODE_S or MODE_X */
};

/* Who stands before an operation: holders first on each of its keys. */
struct ahead {
    uint32_t count; /* distinct blockers among the first CORE_BLOCKERS_WALK claims looked at */
    bool more;      /* the walk stopped there */
    uint32_t shown; /* filled entries of `blockers` */
    struct blocker blockers[CORE_BLOCKERS_SHOWN];
};

/* What a step gave. Everything in it is valid until the next step. */
struct outcome {
    enum lockq_status status; /* other than LOCKQ_OK: nothing changed */
    const char *limit;        /* OVER_LIMIT: the limit's name, as in hello's `limits` */
    uint64_t limit_value;
    struct op *op;      /* what the event named; of a SUBMIT that is NOT_GRANTED: its parent.
                         * NULL: not found, or `end` says why */
    enum op_end end;    /* SUBMIT that left nothing behind: REFUSED, STALE or DEADLOCK */
    bool refused;       /* EXTEND: nothing was added, `ahead` says by whom */
    bool repeated;      /* nothing changed: this was the same request again */
    bool contended;     /* RENEW: somebody waits for it */
    struct ahead ahead; /* who refused it; of a deadlock, the circle but for the one that asked */
    struct core_change changes[CORE_CHANGES_SHOWN]; /* SUBMIT that is stale: the first */
    uint32_t n_changes;
    const struct effect *effects;
    uint32_t n_effects;
};

/* --- life ---------------------------------------------------------------------------------- */

/* Every limit's name is that of hello's `limits`. */
struct core_limits {
    uint64_t live_ops, live_ops_per_session, live_claims; /* claims count ancestors' too */
    uint64_t live_bytes;                                  /* payload and meta together */
    uint64_t namespaces;                                  /* with a live operation in them */
    uint64_t remembered, remembered_ms;                   /* ended operations, and how long */
    uint64_t keys, key_text; /* of one operation, and bytes of their paths: asked by EXTEND only */
    uint64_t generations;    /* of a family: how many may stand above an operation */
    uint64_t changed_keys;   /* remembered; 0: none, every key counts as changed */
};

struct core_config {
    struct siphash_key hash_key; /* secret; decides nothing but the layout of the hash tables */
    struct core_limits limits;
    uint64_t epoch;  /* of the first token to come; durable before the first answer */
    uint64_t seq;    /* of the latest change so far */
    uint64_t ticket; /* the highest ever given */
};

struct core;

struct core *core_create(const struct core_config *config);
void core_destroy(struct core *core);

/*
 * Recovery: add each stored operation, in the order of tickets, live and remembered ones alike,
 * then finish. `from` gives every stored field and is copied: all but `driver`, deadline_ms, ns,
 * n_keys, n_shared and n_children, which are the core's to find (row_hash is copied too). `parent`
 * is one that was added before. Durations start afresh at now_ms. Live operations bring their keys,
 * remembered ones none. Returns NULL when the operation contradicts those before it (a ticket not
 * above the last one, a doubled id, a grant that collides with another) or the configuration (a
 * ticket, seq or token that was not given out yet): the store holds nonsense, and only core_destroy
 * may follow.
 */
struct op *core_recover_op(struct core *core, struct slice ns, const struct op *from,
                           const struct core_key *keys, uint32_t n_keys, int64_t now_ms);

/* One of those that were added, live and tied to a session that is no more: it ends as lost in
 * core_recover_finish, before anything is granted. In the order of tickets. */
void core_recover_lost(struct core *core, const struct op *op);

/* Grants what is grantable, in the order of tickets, as the first new step. Returns false when two
 * grants have the same token: as with core_recover_op. */
bool core_recover_finish(struct core *core, int64_t now_ms, uint64_t wall_ms, struct outcome *out);

/* One step. Cost: amortised O(1) a key for submit and for every end, whatever stands behind. */
void core_step(struct core *core, const struct event *event, struct outcome *out);

/* When the next EVENT_TICK has something to do, on the clock of now_ms; CORE_FOREVER: never. It may
 * be early (deadlines are re-armed lazily), it is never late. */
int64_t core_next_deadline(const struct core *core);

/* --- questions: they change nothing ---------------------------------------------------------- */

/*
 * Puts keys into the order that core_step wants, in place: sorted by path, doubles dropped (the
 * stronger mode stays), and of those below another key of the set in no weaker mode none left.
 * Returns how many stay. Paths must be canonical and have at most CORE_SEGMENTS_MAX segments.
 */
uint32_t core_normalise(struct core_key *keys, uint32_t n);

/* Only puts them in order and drops doubles. */
uint32_t core_sort_keys(struct core_key *keys, uint32_t n);

struct op *core_find(struct core *core, struct slice ns, struct slice id);

/* Whether a key, one above it or one below it changed after `since`: then `change` is filled in,
 * with rev == 0 where it is not known any more. Cost: O(segments). Its slices are valid until the
 * next step. */
bool core_changed(struct core *core, struct slice ns, struct slice path, uint64_t since,
                  struct core_change *change);

/* Namespaces with a live operation, in an order without meaning: the one after `ns`, the first for
 * NULL, NULL at the end; and how many live operations one has. */
const struct core_namespace *core_next_namespace(const struct core *core,
                                                 const struct core_namespace *ns);
uint64_t core_namespace_live(const struct core_namespace *ns);
struct slice core_namespace_name(const struct core_namespace *ns);

/* The remembered and live operations in ticket order: the first with a ticket above `after`. NULL:
 * none. Cost: O(log n). */
struct op *core_next_by_ticket(struct core *core, uint64_t after);

/* The named keys of a live operation in byte order, from `first` on, into keys[max]; returns how
 * many were written. Paths point into the core, valid until the next step. */
uint32_t core_op_keys(const struct core *core, const struct op *op, uint32_t first,
                      struct core_key *keys, uint32_t max);

/* Whether a live operation names `path` or a key below it. Cost: O(log keys). */
bool core_op_touches(const struct core *core, const struct op *op, struct slice path);

/* Who stands before a waiting operation; count 0 for another. */
void core_ahead(struct core *core, const struct op *op, struct ahead *out);

/* Who would be met by an exclusive try on one key. */
struct core_check {
    bool free;                 /* such a try, alone, would be granted; nothing below is set then */
    struct slice held;         /* the key really named: the asked one, one above or one below */
    const struct op *op;       /* first holder by grant; without holders the first in line */
    enum mode mode;            /* in which it named `held`: MODE_S or MODE_X */
    enum op_state state;       /* of op */
    uint32_t holders, waiting; /* distinct operations with a claim that the try would meet */
};

void core_check(struct core *core, struct slice ns, struct slice path, struct core_check *out);

/* The same, as a list of up to `max`: returns how many; `more`: there are others. */
uint32_t core_blockers(struct core *core, const struct op *op, struct blocker *list, uint32_t max,
                       bool *more);

/* Whether somebody waits for a granted operation. */
bool core_contended(const struct core *core, const struct op *op);
/* Whether steps tell of it by EFFECT_CONTENDED. Cost then: each submit that waits looks at those
 * who hold what it wants. */
void core_tell_contended(struct core *core, bool tells);

#define CORE_PLAN_SHOWN 16

/* What a submit would meet now. */
struct plan {
    struct ahead ahead;
    uint32_t n_blocked; /* of its named keys; 0: it would be granted */
    uint32_t shown;
    struct slice blocked[CORE_PLAN_SHOWN]; /* the first of them, of the event's own paths */
};

/* The event is that of a submit; nothing is submitted. out->status other than OK: what a submit
 * answers about its parent, with the limit if it is one. Nothing else of `out` is set. */
void core_plan(struct core *core, const struct event *event, struct outcome *out,
               struct plan *plan);

struct core_stats {
    uint64_t seq, ticket, epoch; /* of the latest change, the highest given, the current one */
    uint64_t waiting, granted, remembered;
    uint64_t claims, keys, namespaces, live_bytes;
    /* since core_create */
    uint64_t submitted, grants, ended[END_REFUSED + 1]; /* and those that left nothing */
};

void core_stats(const struct core *core, struct core_stats *out);

/* How many live operations a session submitted or claimed: whether it owns something. O(1). */
uint32_t core_session_ops(const struct core *core, uint64_t session);

/* Whether every invariant of the README holds. For tests; cost: everything. */
bool core_is_consistent(const struct core *core);

#endif
