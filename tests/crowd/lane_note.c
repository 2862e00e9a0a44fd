/*
 * Notes: what a lane asked and heard, as records of the history.
 */
#include <stdio.h>

#include "lane.h"

void lane_note_ask(const struct lane *lane, const struct wire_request *request, uint16_t flags)
{
    const struct work *work = &lane->work;
    struct history_record record = {.kind = HISTORY_ASK,
                                    .method = (uint8_t)request->method,
                                    .client = lane->link->client,
                                    .op = request->op,
                                    .flags = flags | (work->is_detached ? 0 : FLAG_TIED)};
    record.ask.exclusive = request->exclusive;
    record.ask.shared = request->shared;
    record.ask.wait_ms = request->wait_ms;
    record.ask.lease_ms = request->lease_ms;
    record.ask.claim_in_ms = request->claim_in_ms;
    record.ask.has_payload = request->has_payload;
    record.ask.session = lane->link->session_number;
    record.ask.key = (uint32_t)lane->target;
    history_write(lane->link->crowd->history, &record);
}

void lane_note_hear(const struct link *link, enum history_method method, uint64_t op,
                    const struct slot *slot, const struct wire_answer *answer)
{
    bool is_error = answer->state == STATE_ERROR;
    struct history_record record = {.kind = HISTORY_HEAR,
                                    .method = (uint8_t)method,
                                    .state = (uint8_t)answer->state,
                                    .detail = is_error ? answer->error : (uint8_t)answer->end,
                                    .client = link->client,
                                    .op = op};
    record.flags = answer->is_held ? FLAG_HELD : 0;
    if (slot != NULL)
        record.flags |= slot->flags;
    if (answer->has_row) {
        record.row.first = answer->first;
        record.row.seq = answer->seq;
        record.row.holders = answer->holders;
        record.row.waiting = answer->waiting;
        record.row.key = (uint32_t)(slot != NULL ? slot->op : 0);
        record.row.state = answer->row_state;
    } else {
        record.hear.ticket = answer->ticket;
        record.hear.seq = answer->seq;
        record.hear.token = answer->token;
        record.hear.sent_us = slot != NULL ? slot->sent_us : 0;
    }
    history_write(link->crowd->history, &record);
    if (answer->error == ERROR_OTHER)
        fprintf(stderr, "lockq-crowd: %s\n", answer->text);
}
