#include "inject.h"

static void cut(struct client *client, struct chance *chance, bool up)
{
    struct stream *stream = up ? &client->link->up : &client->link->down;

    stream->cut_after = chance_below(chance, chance_is(chance, 50) ? 100 : 2000);
}

static void on_link(enum fault fault, struct client *client, struct chance *chance)
{
    struct link *link = client->link;
    int64_t now_ms = client->world->clock.real_ms;

    if (link == NULL)
        return;
    link->is_plain = false;
    switch (fault) {
    case FAULT_CUT_UP:
    case FAULT_CUT_DOWN:
        cut(client, chance, fault == FAULT_CUT_UP);
        break;
    case FAULT_RESET:
        link_reset(link, now_ms);
        break;
    case FAULT_VANISH:
        client_vanish(client);
        break;
    case FAULT_LEAVE:
        client_leave(client);
        break;
    case FAULT_DELAY:
        link->delay_ms = chance_below(chance, 2000);
        break;
    case FAULT_DEAF:
        link->deaf_until_ms = now_ms + chance_below(chance, 20000);
        break;
    case FAULT_SIP:
        link->sip = 1 + chance_below(chance, 60);
        break;
    default: /* the client makes it itself */
        client->next_fault = fault;
    }
}

static void stop_for_a_while(struct world *world, struct chance *chance)
{
    int64_t longest_ms = chance_is(chance, 70) ? 5000 : 300000;

    clock_stop(&world->clock);
    world->runs_at_ms = world->clock.real_ms + 500 + chance_below(chance, (uint32_t)longest_ms);
    world->stalled_ms = world->runs_at_ms;
}

static void set_wall(struct world *world, struct chance *chance)
{
    int64_t by_ms = chance_below(chance, world->plan->wall_ms);

    world->clock.wall_offset_ms += chance_is(chance, 50) ? by_ms : -by_ms;
}

static void on_process(enum fault fault, struct world *world, struct chance *chance)
{
    static const enum commit_fate fates[FAULT_COUNT] = {[FAULT_FAIL_COMMIT] = COMMIT_FAILS,
                                                        [FAULT_CRASH_BEFORE] = COMMIT_NOT_BEGUN,
                                                        [FAULT_CRASH_DURING] = COMMIT_CUT_OFF,
                                                        [FAULT_CRASH_AFTER] = COMMIT_UNANSWERED};
    int64_t now_ms = world->clock.real_ms;

    switch (fault) {
    case FAULT_STALL:
        stop_for_a_while(world, chance);
        break;
    case FAULT_STALL_INSIDE:
        world->stalls_inside = true;
        break;
    case FAULT_WALL:
        set_wall(world, chance);
        break;
    case FAULT_SLOW_STORE:
        world->slow_until_ms = now_ms + chance_below(chance, 20000);
        break;
    case FAULT_LOW_DISK:
        world->low_until_ms = now_ms + chance_below(chance, 10000);
        break;
    case FAULT_CRASH:
        world_crash(world, "killed", false);
        break;
    case FAULT_POWER:
        world_crash(world, "power failure", true);
        break;
    case FAULT_FAIL_START: /* needs a start */
        world_crash(world, "killed, and its start will fail", false);
        break;
    case FAULT_STOP:
        world_stop(world);
        break;
    default:
        world->fate = fates[fault];
    }
}

static bool is_of_a_link(enum fault fault)
{
    return fault <= FAULT_GARBAGE;
}

void inject(enum fault fault, struct world *world, struct client *clients, struct chance *chance)
{
    struct client *client = &clients[chance_below(chance, (uint32_t)world->plan->n_clients)];

    if (fault == FAULT_NONE || (!is_of_a_link(fault) && world->server == NULL))
        return;
    world->counts.faults[fault]++;
    if (is_of_a_link(fault)) {
        transcript_say(world->transcript, "-- %s for client %d", fault_names[fault],
                       client->number);
        on_link(fault, client, chance);
    } else {
        transcript_say(world->transcript, "-- %s", fault_names[fault]);
        on_process(fault, world, chance);
    }
}

void inject_heal(struct world *world)
{
    transcript_say(world->transcript, "-- nothing is wrong any more");
    world->is_quiet = true;
    world->fate = COMMIT_SUCCEEDS;
    world->stalls_inside = false;
    world->slow_until_ms = world->low_until_ms = world->runs_at_ms = 0;
    world->stalled_ms = world->clock.real_ms;
    world->store.fails_open = false;
    world->store.next_commit = STORE_FATE_DONE;
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];
        link_heal(link);
        if (link->is_used)
            continue;
        stream_reset(&link->up); /* what is still on its way is late enough to be lost */
        link->client_has_left = true;
    }
}
