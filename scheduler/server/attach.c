#include "server/attach.h"

#include "server/answer.h"
#include "server/step.h"
#include "server/tell.h"

static void random_bytes(struct server *server, void *bytes, size_t n)
{
    server->config.outside.random(server->config.outside.context, bytes, n);
}

static uint64_t draw_id(struct server *server)
{
    uint64_t id;

    do {
        random_bytes(server, &id, sizeof id);
        id &= SESSION_ID_MAX;
    } while (id == 0 || session_find(&server->sessions, id) != NULL);
    return id;
}

static void draw_secret(struct server *server, char *secret)
{
    unsigned char bytes[SESSION_SECRET_SIZE / 2];

    random_bytes(server, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        secret[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        secret[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

struct session *attach_new(struct server *server, struct conn *conn, struct slice ns,
                           uint64_t grace_ms)
{
    char secret[SESSION_SECRET_SIZE];
    struct session *session;

    draw_secret(server, secret);
    session = session_add(&server->sessions, draw_id(server), ns, slice_of(conn->peer.text),
                          (struct slice){secret, sizeof secret}, grace_ms);
    session_attach(&server->sessions, session, conn);
    conn->session = session;
    return session;
}

void attach_resumed(struct server *server, struct session *session, struct conn *conn)
{
    struct conn *older = session->conn;

    if (older != NULL) {
        answer_remove_all(server, older);
        feed_subscribe(server, older, 0);
        tell_forget_session(session);
        older->session = NULL;
        session->conn = NULL;
        conn_cut(&server->conns, older);
    }
    session_attach(&server->sessions, session, conn);
    conn->session = session;
}

static void end_session(struct server *server, struct session *session)
{
    struct event event = {.type = EVENT_SESSION_END, .session = session->id};

    if (core_session_ops(server->core, session->id) > 0) {
        server->counters.sessions_lost++;
        step(server, &event, NULL);
        step_settle(server);
    }
    pipeline_session_removed(&server->pipeline, session);
    session_remove(&server->sessions, session);
}

void attach_drop(struct server *server, struct conn *conn)
{
    struct session *session = conn->session;

    answer_remove_all(server, conn);
    feed_subscribe(server, conn, 0);
    if (session == NULL)
        return;
    conn->session = NULL;
    tell_forget_session(session);
    session_linger(&server->sessions, session, server->now_ms,
                   core_session_ops(server->core, session->id) == 0);
    /* When the daemon stops, its end is a dropped connection like any other crash's; the next
     * daemon decides. */
    if (session->grace_ms > 0 || server->is_stopping)
        return;
    end_session(server, session);
}

void attach_expire(struct server *server, int64_t now_ms)
{
    struct session *session;

    while ((session = session_pop_expired(&server->sessions, now_ms)) != NULL)
        end_session(server, session);
}

bool attach_make_room(struct server *server)
{
    struct session *session = session_idle(&server->sessions);

    if (session != NULL)
        end_session(server, session);
    return session != NULL;
}
