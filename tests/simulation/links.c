#include "links.h"

#include <stdio.h>

#define KEEPALIVE_MS 30000

static void close_conn(struct world *world, struct link *link)
{
    if (link->conn == NULL)
        return;
    transcript_say(world->transcript, "-- the daemon closes link %u of client %d", link->number,
                   link->client);
    world_tell_time(world);
    server_on_close(world->server, link->conn);
    link->conn = NULL;
    link->daemon_has_left = true;
    if (link->broken_ms == 0)
        link->broken_ms = world->clock.real_ms;
    link->n_sent = 0;
    stream_reset(&link->up);
    buf_finish(&link->input);
}

struct link *world_connect(struct world *world, int client)
{
    struct link *first = &world->links[2 * client], *second = first + 1;
    struct link *link = first->conn == NULL && !first->is_knocking ? first : second;

    if (world->server == NULL || world->is_stopping)
        return NULL;
    if (link == second && (second->conn != NULL || second->is_knocking))
        return NULL;
    link_open(link, world->plan, world->chance, ++world->link_numbers, world->clock.real_ms);
    return link;
}

void world_say(struct world *world, struct link *link, const char *bytes, size_t n)
{
    link_send(link, world->plan, world->chance, bytes, n, world->clock.real_ms);
}

static void accept_link(struct world *world, struct link *link)
{
    bool is_admin = link->client == 0;
    struct peer peer = {.is_local = true, .uid = is_admin ? 0 : 1000 + (uint32_t)link->client};

    if (!link->is_knocking || link->knocks_ms > world->clock.real_ms ||
        !server_has_room(world->server))
        return;
    snprintf(peer.text, sizeof peer.text, "uid:%d", 1000 + link->client);
    link->is_knocking = false;
    link->accepted_ms = world->clock.real_ms;
    link->conn = server_on_connect(world->server, &peer, link);
}

/* Reads once, or finds that the peer has gone. */
static void read_link(struct world *world, struct link *link)
{
    size_t n = stream_arrived(&link->up, world->clock.real_ms);
    bool has_gone = link->client_has_left && n == buf_size(&link->up.bytes);

    if (link->conn == NULL)
        return;
    if (link->vanished_ms != 0 && link->vanished_ms + KEEPALIVE_MS <= world->clock.real_ms)
        link->client_has_left = has_gone = true;
    if (!conn_wants_input(link->conn)) {
        if (has_gone)
            close_conn(world, link);
        return;
    }
    if (n > world->plan->read_most)
        n = world->plan->read_most;
    if (n > 0) {
        world_print(world, buf_data(&link->up.bytes), n);
        buf_append(&link->input, buf_data(&link->up.bytes), n);
        stream_take(&link->up, n);
    } else if (has_gone) {
        close_conn(world, link);
    }
}

static void send_output(struct world *world, struct link *link)
{
    struct slice out = conn_output(link->conn);

    if (conn_is_cut(link->conn))
        return;
    link->n_sent =
        out.n == 0 ? 0 : link_write(link, world->plan, out.at, out.n, world->clock.real_ms);
    link->wants_room = link->n_sent < out.n;
    world_print(world, out.at, link->n_sent);
}

static void end_output(struct world *world, struct link *link)
{
    if (link->n_sent > 0 && !conn_is_cut(link->conn))
        server_on_written(world->server, link->conn, link->n_sent);
    link->n_sent = 0;
    link->is_taken = false;
    if (conn_is_cut(link->conn) || (conn_is_closing(link->conn) && conn_output(link->conn).n == 0))
        close_conn(world, link);
}

static bool has_room(const struct world *world, const struct link *link)
{
    return link->conn != NULL && link->wants_room &&
           (buf_size(&link->down.bytes) < world->plan->window || link->daemon_has_left);
}

/* Those that the server has something for, each once: it may come again, when counting another has
 * cut it. */
static uint32_t take_outputs(struct world *world, struct link *taken[LINKS_MAX])
{
    uint32_t n = 0;

    for (struct conn *conn; (conn = server_next_output(world->server)) != NULL;) {
        struct link *link = conn_io(conn);
        if (link->is_taken)
            continue;
        link->is_taken = true;
        taken[n++] = link;
    }
    return n;
}

void links_write(struct world *world)
{
    struct link *taken[LINKS_MAX];

    for (uint32_t n; (n = take_outputs(world, taken)) > 0;) {
        for (uint32_t i = 0; i < n; i++)
            send_output(world, taken[i]);
        world_tell_time(world);
        for (uint32_t i = 0; i < n; i++)
            end_output(world, taken[i]);
    }
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];
        if (!has_room(world, link))
            continue;
        send_output(world, link);
        world_tell_time(world);
        end_output(world, link);
    }
}

bool links_have_output(const struct world *world)
{
    for (uint32_t i = 0; i < world->n_links; i++)
        if (world->links[i].conn != NULL && conn_output(world->links[i].conn).n > 0)
            return true;
    return false;
}

/* In any order. */
void links_read(struct world *world)
{
    uint32_t first = chance_below(world->chance, world->n_links);

    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[(first + i) % world->n_links];
        accept_link(world, link);
        read_link(world, link);
    }
}

bool links_carry_out(struct world *world)
{
    bool has_read = false;

    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];
        if (buf_size(&link->input) == 0)
            continue;
        has_read = true;
        world_tell_time(world);
        server_on_input(world->server, link->conn, buf_data(&link->input), buf_size(&link->input));
        buf_consume(&link->input, buf_size(&link->input));
    }
    return has_read;
}

void links_die(struct world *world, bool power)
{
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];
        buf_finish(&link->input);
        if (link->conn == NULL && !link->is_knocking)
            continue;
        link->conn = NULL;
        link->is_knocking = false;
        if (power || chance_is(world->chance, 50))
            link_reset(link, world->clock.real_ms);
        stream_reset(&link->up);
        link->daemon_has_left = true;
        if (link->broken_ms == 0)
            link->broken_ms = world->clock.real_ms;
    }
}

void links_refuse(struct world *world)
{
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];
        if (!link->is_knocking)
            continue;
        link->is_knocking = false;
        link_reset(link, world->clock.real_ms);
    }
}

/* --- what is next ---------------------------------------------------------------------------- */

static int64_t link_due_ms(const struct world *world, const struct link *link)
{
    if (link->is_knocking)
        return server_has_room(world->server) ? link->knocks_ms : NEVER;
    if (link->conn == NULL)
        return NEVER;
    if (has_room(world, link))
        return 0;
    if (conn_wants_input(link->conn) && buf_size(&link->up.bytes) > 0)
        return stream_next_ms(&link->up);
    if (link->vanished_ms != 0)
        return link->vanished_ms + KEEPALIVE_MS;
    return link->client_has_left ? link->up.last_ms : NEVER;
}

int64_t links_next_ms(const struct world *world)
{
    int64_t next_ms = NEVER;

    for (uint32_t i = 0; i < world->n_links; i++) {
        int64_t due_ms = link_due_ms(world, &world->links[i]);
        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    return next_ms;
}
