#include "world.h"

#include <stdio.h>

#define WALL_AT_START 1750000000000ULL

static void draw_bytes(void *context, void *bytes, size_t n)
{
    struct chance *chance = context;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)chance_below(chance, 256);
}

static void drop_line(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static void start(struct world *world)
{
    struct server_config config = {
        .limits =
            {
#define USUAL(name, usual, least, most) .name = usual,
                SERVER_LIMIT_LIST(USUAL)
#undef USUAL
            },
        .store = &world->store.base,
        .version = "simulated",
        .outside = {world->chance, draw_bytes, drop_line},
    };
    struct store_result result;

    world->server = server_create(&config);
    result = server_recover(world->server, world->now_ms, WALL_AT_START + (uint64_t)world->now_ms);
    if (result.status != STORE_OK) {
        fprintf(stderr, "recovery: %s\n", result.why);
        world->failed = true;
    }
}

void world_init(struct world *world, struct chance *chance, struct link *links, int n_links)
{
    *world = (struct world){.chance = chance, .links = links, .n_links = n_links};
    fake_store_init(&world->store);
    start(world);
}

void world_finish(struct world *world)
{
    for (int i = 0; i < world->n_links; i++) {
        world->links[i].conn = NULL;
        buf_finish(&world->links[i].to_server);
        buf_finish(&world->links[i].to_client);
    }
    server_destroy(world->server);
    fake_store_finish(&world->store);
}

void world_connect(struct world *world, struct link *link, int client)
{
    struct peer peer = {.is_local = true, .uid = 1000 + (uint32_t)client};

    snprintf(peer.text, sizeof peer.text, "uid:%d", 1000 + client);
    if (server_has_room(world->server))
        link->conn = server_on_connect(world->server, &peer, link);
}

static void forget_bytes(struct link *link)
{
    buf_finish(&link->to_server);
    buf_finish(&link->to_client);
    link->conn = NULL;
    link->deaf = false;
}

void world_drop(struct world *world, struct link *link)
{
    if (link->conn != NULL)
        server_on_close(world->server, link->conn);
    forget_bytes(link);
}

static void close_if_due(struct world *world, struct link *link)
{
    struct conn *conn = link->conn;

    if (conn_is_cut(conn) || (conn_is_closing(conn) && conn_output(conn).n == 0))
        world_drop(world, link);
}

/* Moves up to `most` bytes each way; a message can be cut at every byte. */
static void move_bytes(struct world *world, struct link *link, size_t most)
{
    size_t n = buf_size(&link->to_server);
    struct slice out;

    if (link->conn == NULL)
        return;
    n = n < most ? n : most;
    if (n > 0 && conn_wants_input(link->conn)) {
        server_on_input(world->server, link->conn, buf_data(&link->to_server), n);
        buf_consume(&link->to_server, n);
    }
    out = conn_output(link->conn);
    n = out.n < most ? out.n : most;
    if (n > 0 && !link->deaf) {
        buf_append(&link->to_client, out.at, n);
        server_on_written(world->server, link->conn, n);
    }
    close_if_due(world, link);
}

static void begin_commit(struct world *world)
{
    if (world->committing == NULL)
        world->committing = server_next_batch(world->server);
}

static void end_commit(struct world *world)
{
    if (world->committing == NULL)
        return;
    fake_store_apply(&world->store, world->committing);
    world->failed = world->failed || world->store.is_wrong;
    world->committing = NULL;
    world->commits++;
    server_on_commit(world->server);
}

void world_pass(struct world *world, int64_t ms)
{
    world->now_ms += ms;
    server_set_time(world->server, world->now_ms, WALL_AT_START + (uint64_t)world->now_ms);
}

static void touched(struct world *world)
{
    while (server_next_output(world->server) != NULL)
        ; /* every link is looked at anyway */
}

void world_step(struct world *world)
{
    struct chance *chance = world->chance;
    struct link *link = &world->links[chance_below(chance, (uint32_t)world->n_links)];

    world_pass(world, chance_is(chance, 3) ? chance_below(chance, 800) : chance_below(chance, 8));
    switch (chance_below(chance, 8)) {
    case 0:
        begin_commit(world);
        break;
    case 1:
        end_commit(world);
        break;
    case 2:
        server_end_turn(world->server, world->now_ms);
        break;
    case 3:
        move_bytes(world, link, chance_below(chance, 40));
        break;
    default:
        move_bytes(world, link, SIZE_MAX);
    }
    touched(world);
}

void world_settle(struct world *world)
{
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < world->n_links; i++) {
            world->links[i].deaf = false;
            move_bytes(world, &world->links[i], SIZE_MAX);
        }
        server_end_turn(world->server, world->now_ms);
        do {
            begin_commit(world);
            end_commit(world);
        } while (!server_is_idle(world->server));
        touched(world);
    }
}

void world_crash(struct world *world)
{
    if (world->committing != NULL && chance_is(world->chance, 50))
        fake_store_apply(&world->store, world->committing);
    world->failed = world->failed || world->store.is_wrong;
    world->committing = NULL;
    for (int i = 0; i < world->n_links; i++)
        forget_bytes(&world->links[i]);
    server_destroy(world->server);
    world->crashes++;
    world->now_ms += chance_below(world->chance, 3000);
    start(world);
}
