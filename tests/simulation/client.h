/*
 * Simulated clients: they do what clients may do, by chance, and tell the judge what they hear.
 *
 * They speak MessagePack through msgpack-c alone, so that the daemon's own codec has an outsider
 * on the other end.
 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "judge.h"
#include "world.h"

#define CLIENT_PENDING_MAX 24

struct pending {
    uint32_t id; /* of the request; 0: free */
    bool is_submit;
    char op[24];
};

struct client {
    int number, ns;
    struct link *link;
    bool greets;      /* says hello; else a session without grace */
    bool has_greeted; /* the answer has come */
    bool has_session; /* can be resumed */
    uint64_t session;
    char secret[64];
    int64_t grace_ms;
    uint32_t next_id;
    int next_op;
    struct pending pending[CLIENT_PENDING_MAX];
    uint64_t errors;
};

/* Something by chance: connect, ask, submit, release, drop ... */
void client_act(struct client *client, struct world *world, struct judge *judge);
/* Takes what has arrived. */
void client_listen(struct client *client, struct judge *judge);

/* For the end of a run: asks for a page of all operations; releases or cancels one. */
void client_greet(struct client *client, struct world *world);
void client_list(struct client *client, uint64_t after);
void client_undo(struct client *client, struct judge_op *op);

#endif
