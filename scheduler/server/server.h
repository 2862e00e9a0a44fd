/*
 * The server: connections, sessions, requests and the commit pipeline.
 *
 * Free of sockets, clocks, threads and disks, so that a simulator can run it: bytes come in with
 * server_on_input, bytes to be written lie in conn_output, batches to be made durable come from
 * server_next_batch. The libuv layer (io.h) and the simulator are its two drivers. One thread.
 *
 * A turn of a driver:
 *     server_set_time          what time it is
 *     server_on_connect, server_on_input, server_on_close ...     everything that arrived
 *     server_end_turn          decides deadlines
 *     server_next_batch        if there is one: commit it, inline or on another thread
 *     conn_output              write what each connection of server_next_output has
 * and, when a commit has come back, server_on_commit.
 *
 * Nothing that depends on a change leaves before the batch with that change is committed (rule 5):
 * an answer is written behind a gate, which server_on_commit opens.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/slice.h"
#include "server/limits.h"
#include "store/store.h"

struct server;
struct conn;

/* Who is at the other end of a connection. */
struct peer {
    bool is_local; /* unix socket: uid counts */
    uint32_t uid;
    char text[64]; /* for `who` and the log: "uid:1000", "tcp:127.0.0.1:40112" */
};

/* What the server asks of the outside. The simulator brings its own. */
struct server_outside {
    void *context;
    /* Fills bytes that a peer cannot guess: session ids and secrets, the hash key. */
    void (*random)(void *context, void *bytes, size_t n);
    /* An admin does something, about to be durable: "killed" an operation, "draining", "undrained"
     * (`op` and `why` are absent). NULL: nobody wants to know. */
    void (*on_admin)(void *context, const struct peer *peer, const char *act, struct slice op,
                     struct slice why);
};

struct server_config {
    struct server_limits limits;
    struct store *store; /* not open yet; owned by the caller */
    const char *version; /* of the daemon */
    uint64_t low_disk;   /* bytes: with less left, new submits get `unavailable` */
    uint32_t uid;        /* the daemon's own */
    uint32_t admins;     /* user ids in `admin` */
    const uint32_t *admin;
    uint32_t records_max; /* of one commit; 0: PIPELINE_RECORDS_MAX */
    struct server_outside outside;
};

struct server *server_create(const struct server_config *config);
void server_destroy(struct server *server);

/*
 * Opens the store, rebuilds core and sessions, makes the new epoch durable and grants what became
 * grantable. Until it has returned STORE_OK nothing else may be called. From then on every
 * session's grace runs, as if its connection had just dropped.
 */
struct store_result server_recover(struct server *server, int64_t now_ms, uint64_t wall_ms);

/* --- a turn ---------------------------------------------------------------------------------- */

/* now_ms never falls; wall_ms is Unix time. */
void server_set_time(struct server *server, int64_t now_ms, uint64_t wall_ms);

/*
 * Decides every deadline up to decided_ms: a time by which all input that had arrived was read.
 * (Not now: a renewal may lie unread in a socket.)
 */
void server_end_turn(struct server *server, int64_t decided_ms);

/* When server_end_turn next has something to decide; INT64_MAX: never. */
int64_t server_next_deadline(const struct server *server);

/*
 * The next batch to commit, or NULL: nothing to commit, or one is in flight. It stays unchanged
 * until server_on_commit. A long step comes as several batches, one after the other.
 */
const struct store_batch *server_next_batch(struct server *server);

/* The batch in flight is durable. (When it is not, there is nothing to tell the server: stop.)
 * False: it was a part of a long step, and the next one is to follow. */
bool server_on_commit(struct server *server);

/*
 * For how long the store has been away; 0: it is there. Beyond SERVER_AWAY_MS requests get
 * `unavailable` at once and are not carried out, but for ping, stats and hello, which need nothing
 * of it. What was carried out before waits.
 */
#define SERVER_AWAY_MS 5000
void server_set_away(struct server *server, uint64_t away_ms);

/* No new connections, `going_away` to new submits. */
void server_begin_stop(struct server *server);

/* Whether everything is durable and every answer that may leave was handed out. */
bool server_is_idle(const struct server *server);

/* Whether a connection has whole requests that wait for the next turn: do not sleep in the poll. */
bool server_has_backlog(const struct server *server);

/* --- connections ----------------------------------------------------------------------------- */

/* Whether another connection fits; do not accept when not. */
bool server_has_room(const struct server *server);

/* `io` is the driver's own, see conn_io. The connection lives until server_on_close. */
struct conn *server_on_connect(struct server *server, const struct peer *peer, void *io);

/* Bytes from the peer; they need to live only during the call. */
void server_on_input(struct server *server, struct conn *conn, const char *bytes, size_t n);

/* The peer has gone, or the driver has closed it: `conn` is freed. */
void server_on_close(struct server *server, struct conn *conn);

void *conn_io(const struct conn *conn);

/* A connection that has something to be written, to be closed or whose wish to read has changed,
 * taken off the list of such; NULL: none. */
struct conn *server_next_output(struct server *server);

/* What may be written now; valid until the next call on the server. */
struct slice conn_output(const struct conn *conn);
void server_on_written(struct server *server, struct conn *conn, size_t n);

/* Close it when its output is empty (an error that ends it was answered). */
bool conn_is_closing(const struct conn *conn);
/* Close it at once (its peer does not read, resumed elsewhere). */
bool conn_is_cut(const struct conn *conn);
/* Whether the driver should read from it now. */
bool conn_wants_input(const struct conn *conn);

#endif
