/*
 * Methods: what the server does for each request.
 *
 * Each method answers its request, now or later (answer.h), and leaves its step settled.
 */
#ifndef SERVER_METHOD_H
#define SERVER_METHOD_H

#include "server/state.h"

typedef void method_function(struct server *server, struct conn *conn,
                             const struct request *request);

/* method_session.c */
method_function method_hello, method_ping, method_stats;
/* method_submit.c */
method_function method_submit, method_acquire, method_wait;
/* method_own.c */
method_function method_claim, method_renew, method_release, method_cancel;
/* method_extend.c */
method_function method_extend;
/* method_ask.c */
method_function method_verify, method_status, method_list;
/* method_explain.c */
method_function method_explain, method_plan;
/* method_subscribe.c */
method_function method_subscribe, method_unsubscribe;
/* method_admin.c */
method_function method_kill, method_drain;
/* method_check.c */
method_function method_check;

/* Begins an answer; the result is to follow. */
struct buf *method_reply(struct server *server, struct conn *conn, const struct request *request);
/* Answers with an error; `format` as printf, the sentence. */
void method_fail(struct server *server, struct conn *conn, const struct request *request,
                 enum lockq_status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for what a step refused, with the sentence that fits it. */
void method_fail_step(struct server *server, struct conn *conn, const struct request *request,
                      const struct outcome *outcome);

/* The event of a request: session, namespace, operation and token filled in. */
struct event method_event(const struct conn *conn, const struct request *request,
                          enum event_type type);
/* The step, and the view of its operation or the error. */
void method_step_and_view(struct server *server, struct conn *conn, const struct request *request,
                          struct event *event, bool content);

/* The event of a request with the fields of a submit; its keys until the next request. */
struct event method_submit_event(struct server *server, const struct conn *conn,
                                 const struct request *request);
/* The keys of the request, in the order in which they came; in the server's own memory, until the
 * next call. */
struct core_key *method_keys(struct server *server, const struct request *request);
/* The operation that the request names; NULL: not_found was answered. */
struct op *method_find(struct server *server, struct conn *conn, const struct request *request);

struct viewer method_viewer(const struct server *server, const struct conn *conn);

/* The size at which an answer of many parts stops: so that none exceeds the limit of messages. */
size_t method_answer_max(const struct server *server);

#endif
