/*
 * Status codes: what a request can be answered with, as code, wire name and sentence.
 *
 * The wire name is the stable part of an error ("wrong_token: ..."); the sentence is the
 * default text after the colon, used where there is nothing more exact to say. Outcomes of
 * scheduling (refused, timeout, ...) are results and not in this list.
 */
#ifndef LOCKQ_STATUS_H
#define LOCKQ_STATUS_H

#define LOCKQ_STATUS_LIST(X)                                                                       \
    X(BAD_REQUEST, "bad_request", "the request is not understood")                                 \
    X(UNKNOWN_METHOD, "unknown_method", "no such method")                                          \
    X(OVER_LIMIT, "over_limit", "a limit was reached")                                             \
    X(NOT_FOUND, "not_found", "no such operation, live or remembered")                             \
    X(OP_REUSED, "op_reused", "this id belongs to an operation with other content")                \
    X(WRONG_TOKEN, "wrong_token", "the token is not that of the operation's grant")                \
    X(NOT_OWNER, "not_owner", "the operation belongs to another session, or a token is needed")    \
    X(NOT_WAITING, "not_waiting", "the operation does not wait")                                   \
    X(NOT_GRANTED, "not_granted", "the operation is not granted")                                  \
    X(ALREADY_CLAIMED, "already_claimed", "another session has claimed it")                        \
    X(CHILDREN_ACTIVE, "children_active", "the operation has live children")                       \
    X(NO_SESSION, "no_session", "unknown session or wrong secret")                                 \
    X(DENIED, "denied", "not permitted to this client")                                            \
    X(GOING_AWAY, "going_away", "the daemon is stopping")                                          \
    X(UNAVAILABLE, "unavailable", "the store cannot take writes now")                              \
    X(PARSE, "parse", "broken MessagePack or a wrong outer shape")

enum lockq_status {
    LOCKQ_OK,
#define LOCKQ_STATUS_ENUM(name, wire, text) LOCKQ_##name,
    LOCKQ_STATUS_LIST(LOCKQ_STATUS_ENUM)
#undef LOCKQ_STATUS_ENUM
};

#endif
