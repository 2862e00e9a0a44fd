#include "server/session.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

static struct list *bucket(struct sessions *sessions, uint64_t id)
{
    return &sessions->buckets[id % SESSION_BUCKETS];
}

static struct slice copy(struct slice text)
{
    char *at = memory_alloc(text.n);
    if (text.n > 0)
        memcpy(at, text.at, text.n);
    return (struct slice){at, text.n};
}

static void destroy(struct session *session)
{
    free((void *)(uintptr_t)session->ns.at);
    free((void *)(uintptr_t)session->peer.at);
    free(session);
}

void sessions_init(struct sessions *sessions)
{
    *sessions = (struct sessions){
        .buckets = memory_alloc_zeroed(SESSION_BUCKETS, sizeof *sessions->buckets)};
}

void sessions_finish(struct sessions *sessions)
{
    for (struct list *link; (link = list_pop(&sessions->all)) != NULL;)
        destroy(LIST_ENTRY(link, struct session, all));
    timers_finish(&sessions->timers);
    free(sessions->buckets);
}

struct session *session_add(struct sessions *sessions, uint64_t id, struct slice ns,
                            struct slice peer, struct slice secret, uint64_t grace_ms)
{
    struct session *session = memory_alloc_zeroed(1, sizeof *session);

    assert(id > 0 && id <= SESSION_ID_MAX);
    session->id = id;
    session->grace_ms = grace_ms;
    session->ns = copy(ns);
    session->peer = copy(peer);
    memcpy(session->secret, secret.at,
           secret.n < SESSION_SECRET_SIZE ? secret.n : SESSION_SECRET_SIZE);
    list_append(bucket(sessions, id), &session->by_id);
    list_append(&sessions->all, &session->all);
    sessions->n++;
    return session;
}

void session_remove(struct sessions *sessions, struct session *session)
{
    if (session->timer.place != 0) {
        timers_disarm(&sessions->timers, &session->timer);
        sessions->lingering--;
    }
    while (list_pop(&session->tells) != NULL)
        ;
    list_remove(&session->by_id);
    list_remove(&session->all);
    list_remove(&session->idle);
    list_remove(&session->dirty);
    sessions->n--;
    destroy(session);
}

struct session *session_find(struct sessions *sessions, uint64_t id)
{
    LIST_EACH (bucket(sessions, id), link) {
        struct session *session = LIST_ENTRY(link, struct session, by_id);
        if (session->id == id)
            return session;
    }
    return NULL;
}

bool session_has_secret(const struct session *session, struct slice secret)
{
    unsigned char differ = 0;

    if (secret.n != SESSION_SECRET_SIZE)
        return false;
    for (uint32_t i = 0; i < SESSION_SECRET_SIZE; i++)
        differ |= (unsigned char)(session->secret[i] ^ secret.at[i]);
    return differ == 0;
}

void session_attach(struct sessions *sessions, struct session *session, struct conn *conn)
{
    assert(session->conn == NULL);
    session->conn = conn;
    if (session->timer.place == 0)
        return;
    timers_disarm(&sessions->timers, &session->timer);
    list_remove(&session->idle);
    sessions->lingering--;
}

void session_linger(struct sessions *sessions, struct session *session, int64_t now_ms,
                    bool is_idle)
{
    session->conn = NULL;
    timers_arm(&sessions->timers, &session->timer, now_ms + (int64_t)session->grace_ms);
    if (is_idle)
        list_append(&sessions->idle, &session->idle);
    sessions->lingering++;
}

struct session *session_idle(struct sessions *sessions)
{
    struct list *first = list_first(&sessions->idle);

    return first == NULL ? NULL : LIST_ENTRY(first, struct session, idle);
}

struct session *session_pop_expired(struct sessions *sessions, int64_t now_ms)
{
    struct timer *timer = timers_pop(&sessions->timers, now_ms);

    if (timer == NULL)
        return NULL;
    sessions->lingering--;
    return LIST_ENTRY(timer, struct session, timer);
}
