#include "hear_op.h"

#include <stdlib.h>
#include <string.h>

#include "msg.h"

static enum judge_state state_of(const msgpack_object *view)
{
    static const char *const states[] = {"", "waiting", "granted", "ended"};
    const msgpack_object *state = msg_field(view, "state");

    for (int i = JUDGE_WAITING; i <= JUDGE_ENDED && state != NULL; i++)
        if (msg_is_text(state, states[i]))
            return (enum judge_state)i;
    return JUDGE_UNKNOWN;
}

enum judge_state hear_op(struct client *client, const struct pending *asked,
                         const msgpack_object *view)
{
    const msgpack_object *expires = msg_field(view, "expires_in");
    bool is_calm = asked != NULL && client->world->is_quiet &&
                   asked->asked.real_ms > client->world->stalled_ms;
    char id[24], end[16];
    struct judge_fact fact = {
        .id = msg_text(view, "op", id, sizeof id),
        .state = state_of(view),
        .ticket = msg_number(view, "ticket"),
        .seq = msg_number(view, "seq"),
        .token = msg_number(view, "token"),
        .end = msg_text(view, "end", end, sizeof end),
        .expires_in = expires == NULL ? -1 : (int64_t)msg_number(view, "expires_in"),
        .floor = asked == NULL ? 0 : asked->op_floor,
        .asked_ms = asked == NULL ? 0 : asked->asked.real_ms,
        .calm_ms = is_calm ? client->world->stalled_ms : 0,
        .client = client->number,
        .link = client->link->number,
    };

    judge_hear(client->judge, &fact);
    return fact.state;
}

static uint32_t keys_of(const msgpack_object *record, const char *name)
{
    const msgpack_object_array *array = msg_array(record, name);
    uint32_t keys = 0;

    for (uint32_t i = 0; array != NULL && i < array->size; i++)
        keys |= paths_find(array->ptr[i].via.str.ptr, array->ptr[i].via.str.size);
    return keys;
}

void hear_list(struct client *client, const struct pending *asked, const msgpack_object *result)
{
    const msgpack_object_array *ops = msg_array(result, "ops");
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);

    if (snapshot == NULL)
        abort();
    snapshot->ns = client->ns;
    snapshot->has_ended = asked->has_ended;
    snapshot->asked_ms = asked->asked.real_ms;
    for (uint32_t i = 0; ops != NULL && i < ops->size; i++) {
        const msgpack_object *record = &ops->ptr[i];
        struct snapshot_row *row = &snapshot->rows[snapshot->n];
        char id[24];
        row->op = judge_find(client->judge, msg_text(record, "op", id, sizeof id));
        row->state = hear_op(client, asked, record);
        row->ticket = msg_number(record, "ticket");
        row->ahead = msg_number(record, "ahead");
        row->has_more_ahead = msg_is_true(record, "ahead_more");
        row->x = keys_of(record, "keys");
        row->s = keys_of(record, "shared");
        snapshot->n += row->op != NULL;
    }
    if (msg_field(result, "next") == NULL && !client->judge->failed)
        snapshot_check(client->judge, snapshot);
    free(snapshot);
}
