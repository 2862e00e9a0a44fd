/*
 * What a client hears: messages out of bytes, answers to what they answer, facts to the judge.
 */
#include "client_govern.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hear_op.h"
#include "msg.h"

#define ID_OF_NO_REQUEST 4294967295u

static void hear_response(struct client *client, const msgpack_object *message)
{
    const msgpack_object *id = &message->via.array.ptr[1], *error = id + 1, *result = id + 2;
    struct pending *pending = &client->pending[id->via.u64 % CLIENT_PENDING_MAX], asked;
    char sentence[300];

    if (error->type == MSGPACK_OBJECT_STR)
        snprintf(sentence, sizeof sentence, "%.*s", (int)error->via.str.size, error->via.str.ptr);
    if (id->via.u64 == ID_OF_NO_REQUEST) {
        if (error->type != MSGPACK_OBJECT_STR ||
            (strncmp(sentence, "parse:", 6) != 0 && strncmp(sentence, "over_limit:", 11) != 0))
            judge_object(client->judge, "client %d: an error of no request that is none",
                         client->number);
        return;
    }
    if (pending->id != id->via.u64 || pending->id == 0) {
        judge_object(client->judge, "client %d: an answer to %" PRIu64 ", that nobody asked",
                     client->number, id->via.u64);
        return;
    }
    asked = *pending;
    pending->id = 0;
    client->n_pending--;
    client->answers++;
    if (error->type == MSGPACK_OBJECT_NIL)
        client_on_result(client, &asked, result);
    else
        client_on_error(client, &asked, sentence);
}

/* Whether the client has asked over this link for an operation that nobody knew before. */
static bool is_awaited(const struct client *client, const struct judge_op *op)
{
    for (uint32_t i = 0; i < CLIENT_PENDING_MAX; i++) {
        const struct pending *pending = &client->pending[i];
        if (pending->id != 0 && pending->op == op && pending->was_first && op->attempts == 1 &&
            pending->what == ASK_SUBMIT)
            return true;
    }
    return false;
}

static void hear_push(struct client *client, const msgpack_object *message)
{
    const msgpack_object *method = &message->via.array.ptr[1], *params = method + 1;
    const msgpack_object *view;
    struct judge_op *op;
    char id[24], state[16];

    if (params->type != MSGPACK_OBJECT_ARRAY || params->via.array.size != 1) {
        judge_object(client->judge, "client %d: a notification without a view", client->number);
        return;
    }
    view = &params->via.array.ptr[0];
    if (msg_is_text(method, "contended")) {
        client_hear_contended(client, view);
        return;
    }
    if (!client_is_of_its_state(client, method, view))
        judge_object(client->judge, "client %d: a notification that is not of its state, %s",
                     client->number, msg_text(view, "state", state, sizeof state));
    op = judge_find(client->judge, msg_text(view, "op", id, sizeof id));
    if (op != NULL && is_awaited(client, op))
        judge_object(client->judge, "%s: news of it before the answer to its submit", op->id);
    if (op != NULL)
        client_check_news(client, op);
    if (op != NULL && msg_is_text(method, "ended"))
        client_hear_end(client, op);
    hear_op(client, NULL, view);
}

static void hear(struct client *client, const msgpack_object *message)
{
    const msgpack_object *at =
        message->type == MSGPACK_OBJECT_ARRAY ? message->via.array.ptr : NULL;
    uint32_t n = at == NULL ? 0 : message->via.array.size;

    if (client->world->transcript->to != NULL) {
        transcript_say(client->world->transcript, "client %d hears", client->number);
        fputs("            ", client->world->transcript->to);
        msgpack_object_print(client->world->transcript->to, *message);
        fputc('\n', client->world->transcript->to);
    }
    if (n == 4 && at[0].via.u64 == 1 && at[1].type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        hear_response(client, message);
    else if (n == 3 && at[0].via.u64 == 2)
        hear_push(client, message);
    else
        judge_object(client->judge, "client %d: not a message", client->number);
}

static void understand(struct client *client, const char *bytes, size_t n)
{
    msgpack_unpacked message;

    if (!msgpack_unpacker_reserve_buffer(&client->in, n))
        abort();
    memcpy(msgpack_unpacker_buffer(&client->in), bytes, n);
    msgpack_unpacker_buffer_consumed(&client->in, n);
    msgpack_unpacked_init(&message);
    while (!client->judge->failed &&
           msgpack_unpacker_next(&client->in, &message) == MSGPACK_UNPACK_SUCCESS)
        hear(client, &message.data);
    msgpack_unpacked_destroy(&message);
}

void client_listen(struct client *client)
{
    struct link *link = client->link;
    int64_t now_ms = client->world->clock.real_ms;
    size_t n = link == NULL ? 0 : link_readable(link, now_ms);

    if (n > 0) {
        understand(client, buf_data(&link->down.bytes), n);
        stream_take(&link->down, n);
        if (link->sip != SIZE_MAX)
            link->next_read_ms = now_ms + 5;
    }
    if (link != NULL && now_ms >= link->deaf_until_ms && link_has_ended(link))
        client_lose(client);
}
