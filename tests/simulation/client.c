#include "client.h"

#include <stdlib.h>
#include <string.h>

#define UNPACKER_ROOM 1024

void client_init(struct client *client, int number, struct world *world, struct judge *judge,
                 struct chance *chance)
{
    *client = (struct client){
        .number = number,
        .ns = chance_is(chance, 15) && number > 0,
        .world = world,
        .judge = judge,
        .greets = true,
        .grace_ms = chance_is(chance, 20) ? 0 : chance_below(chance, 3000),
        .acts_ms = world->clock.real_ms + chance_below(chance, 100),
    };
    if (!msgpack_unpacker_init(&client->in, UNPACKER_ROOM))
        abort();
    /* A client without hello is in the namespace `default`. */
    if (number == 1 && chance_is(chance, 30)) {
        client->greets = false;
        client->ns = 0;
    }
}

void client_finish(struct client *client)
{
    msgpack_unpacker_destroy(&client->in);
    buf_finish(&client->out);
}

void client_connect(struct client *client)
{
    client->link = world_connect(client->world, client->number);
    if (client->link == NULL)
        return;
    transcript_say(client->world->transcript, "client %d connects: link %u", client->number,
                   client->link->number);
    client->has_greeted = !client->greets;
}

/* What was asked over the link is answered no more. */
void client_lose(struct client *client)
{
    struct judge_session *session = judge_session_find(client->judge, client->session);
    struct link *link = client->link;

    if (link == NULL)
        return;
    transcript_say(client->world->transcript, "client %d has lost link %u", client->number,
                   link->number);
    if (link->is_used)
        link_leave(link, client->world->clock.real_ms);
    if (session != NULL && session->link == link) {
        session->down_ms = link->broken_ms;
        session->link = NULL;
    }
    client->link = NULL;
    client->has_greeted = client->holds_back = client->is_spoilt = false;
    memset(client->pending, 0, sizeof client->pending);
    client->n_pending = 0;
    msgpack_unpacker_destroy(&client->in);
    msgpack_unpacker_init(&client->in, UNPACKER_ROOM);
    buf_finish(&client->out);
}

void client_leave(struct client *client)
{
    client_lose(client);
}

void client_vanish(struct client *client)
{
    if (client->link != NULL)
        link_vanish(client->link, client->world->clock.real_ms);
    client_lose(client);
}

static void send_out(struct client *client, size_t n)
{
    world_say(client->world, client->link, buf_data(&client->out), n);
    buf_consume(&client->out, n);
}

void client_flush_some(struct client *client, size_t n)
{
    if (client->link == NULL || n == 0 || n >= buf_size(&client->out))
        return;
    send_out(client, n);
    client->holds_back = true;
}

void client_flush(struct client *client)
{
    if (client->link == NULL || buf_size(&client->out) == 0)
        return;
    send_out(client, buf_size(&client->out));
    client->holds_back = false;
    for (uint32_t id = client->first_unsent; id <= client->next_id; id++) {
        struct pending *pending = &client->pending[id % CLIENT_PENDING_MAX];
        if (pending->id == id)
            pending->arrives_ms = client->link->up.last_ms;
    }
    client->first_unsent = client->next_id + 1;
}

int64_t client_next_ms(const struct client *client)
{
    int64_t reads_ms = client->link == NULL ? NEVER : link_next_read_ms(client->link);
    return reads_ms < client->acts_ms ? reads_ms : client->acts_ms;
}
