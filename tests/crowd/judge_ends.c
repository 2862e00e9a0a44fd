/*
 * Ends: that somebody asked for it, and that nothing ended before its time.
 */
#include <inttypes.h>

#include "judge.h"

#define NAME(op) (unsigned)((op)->id >> 32), (unsigned)(op)->id

struct left *judge_find_left(struct judge *judge, uint32_t number, uint32_t session)
{
    struct client *client = &judge->clients[number];

    if (session >= client->n_lefts) {
        client->lefts = judge_grow(client->lefts, session + 16, sizeof *client->lefts);
        while (client->n_lefts < session + 16)
            client->lefts[client->n_lefts++] = (struct left){NEVER, 0};
    }
    return &client->lefts[session];
}

/* When at the earliest it may have expired. */
static uint64_t expiry_us(const struct op *op)
{
    uint64_t lease_us = op->lease_ms * UINT64_C(1000), earliest = NEVER;

    if (!op->has_payload)
        return op->alive_us + lease_us;
    if (op->claim_ask_us != 0)
        earliest = (op->claimer != 0 && op->alive_us > op->claim_ask_us ? op->alive_us
                                                                        : op->claim_ask_us) +
                   lease_us;
    if (op->claimer == 0 && op->claim_in_ms != NONE) {
        uint64_t unclaimed_us = op->first_ask_us + op->claim_in_ms * UINT64_C(1000);
        if (unclaimed_us < earliest)
            earliest = unclaimed_us;
    }
    return earliest;
}

void ends_judge(struct judge *judge, const struct op *op, uint64_t now_us)
{
    const struct left *left;
    bool is_right = false;

    switch (op->end) {
    case END_RELEASED:
        is_right = op->is_released && op->end_seq > op->release_floor;
        break;
    case END_CANCELLED:
        is_right = op->is_cancelled && op->token == 0;
        break;
    case END_TIMEOUT:
        is_right = op->wait_ms != NONE && op->token == 0;
        if (now_us < op->first_ask_us + op->wait_ms * UINT64_C(1000))
            violation(judge, "c%u-%u: its time in line ended early", NAME(op));
        break;
    case END_EXPIRED:
        is_right = !op->is_tied;
        if (now_us < expiry_us(op))
            violation(judge, "c%u-%u: expired early, by %" PRIu64 " us", NAME(op),
                      expiry_us(op) - now_us);
        break;
    case END_LOST:
        left = judge_find_left(judge, op->client, op->session);
        is_right = op->is_tied;
        if (left->answered_us == NEVER || now_us < left->answered_us + left->grace_us)
            violation(judge, "c%u-%u: lost before the grace of its session was over", NAME(op));
        break;
    default:
        break;
    }
    if (!is_right)
        violation(judge, "c%u-%u: ended as %d, which nothing asked for", NAME(op), op->end);
}
