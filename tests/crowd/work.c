/*
 * Work: which operation a lane tries next, and what it does with the grant.
 */
#include <string.h>

#include "lane.h"
#include "pool.h"

#define MS       ((uint64_t)1000)
#define LONG_MS  60000
#define SHORT_MS 100

/* --- keys ------------------------------------------------------------------------------------ */

static bool covers(const char *above, const char *below)
{
    size_t n = strlen(above);

    if (strcmp(above, "/") == 0)
        return true;
    return strncmp(above, below, n) == 0 && (below[n] == '\0' || below[n] == '/');
}

/* The cells that are under the keys. */
static uint64_t cells_under(uint64_t keys)
{
    uint64_t cells = 0;

    for (int above = 0; above < POOL_KEYS; above++)
        for (int below = 0; (keys >> above & 1) != 0 && below < POOL_KEYS; below++)
            if (covers(pool_keys[above], pool_keys[below]))
                cells |= UINT64_C(1) << below;
    return cells;
}

static uint64_t draw_key(struct link *link, bool is_slow)
{
    uint64_t draw = link_random(link, 100000);

    if (is_slow)
        return POOL_ROWS + link_random(link, POOL_KEYS - POOL_ROWS);
    if (draw < 60)
        return link_random(link, 2);
    if (draw < 1200)
        return 2 + link_random(link, POOL_WIDE - 2);
    if (draw < 35000)
        return POOL_WIDE + link_random(link, POOL_TREE - POOL_WIDE);
    return POOL_TREE + link_random(link, POOL_ROWS - POOL_TREE);
}

/* Mostly one key, up to four. */
static void draw_keys(struct link *link, struct work *work, bool is_slow)
{
    uint64_t n = link_random(link, 10);

    n = n < 7 ? 1 : n - 5;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t key = UINT64_C(1) << draw_key(link, is_slow);
        if (link_random(link, 100) < 40)
            work->shared |= key;
        else
            work->exclusive |= key;
    }
    work->cells = cells_under(work->exclusive);
}

/* --- what for -------------------------------------------------------------------------------- */

static void draw_detached(struct link *link, struct work *work)
{
    work->is_detached = true;
    work->has_payload = link_random(link, 3) == 0;
    if (link_random(link, 40) == 0) {
        work->is_orphan = work->has_payload = true;
        work->acquires = false;
        work->lease_ms = LONG_MS;
        work->claim_in_ms = SHORT_MS + (uint32_t)link_random(link, 100);
    } else if (link_random(link, 2) == 0) {
        work->lease_ms = LONG_MS;
        work->counts = true;
    } else {
        work->lease_ms = SHORT_MS + (uint32_t)link_random(link, 150);
        work->renews = link_random(link, 12) == 0;
        work->oversleeps = link_random(link, 16) == 0;
    }
}

/* How long in line. Those that hold long do not all wait for one another. */
static void draw_wait(struct link *link, struct work *work, bool is_slow)
{
    uint64_t draw = link_random(link, is_slow ? 50 : 100);

    if (draw < 15)
        work->wait_ms = 0;
    else if (draw < 30)
        work->wait_ms = 5 + (uint32_t)link_random(link, 100);
    else if (draw < 38)
        work->cancels = true;
}

void work_draw(struct lane *lane)
{
    struct link *link = lane->link;
    struct work *work = &lane->work;
    bool is_slow;

    work->wait_ms = work->lease_ms = work->claim_in_ms = WIRE_NONE;
    work->acquires = link_random(link, 2) == 0;
    if (link_random(link, 100) < 20)
        draw_detached(link, work);
    else
        work->counts = !link->is_deserter;
    is_slow = link->is_deserter || work->is_orphan || work->renews || work->oversleeps;
    draw_keys(link, work, is_slow);
    draw_wait(link, work, is_slow);
}

/* --- under the grant ------------------------------------------------------------------------- */

/* The number of the first cell of the client's world. */
static uint32_t first_cell(const struct link *link)
{
    return link->client % POOL_WORLDS * POOL_KEYS;
}

static void write_fence(const struct lane *lane, uint32_t cell, uint64_t version, int flags)
{
    struct history_record record = {.kind = HISTORY_REGISTER,
                                    .client = lane->link->client,
                                    .flags = (uint16_t)flags,
                                    .op = lane->work.op};
    record.fence.token = lane->work.token;
    record.fence.version = version;
    record.fence.cell = first_cell(lane->link) + cell;
    history_write(lane->link->crowd->history, &record);
}

void work_begin(struct lane *lane)
{
    struct link *link = lane->link;
    struct work *work = &lane->work;
    uint64_t now_us = history_now_us(), draw = link_random(link, 16);

    /* Most give it back at once, or little would be done. */
    work->hold_until_us = now_us + (draw < 1 ? 3 * MS : draw < 5 ? 500 : 0);
    if (work->renews)
        work->hold_until_us = now_us + work->lease_ms * MS * 3 / 2;
    lane->wake_us = work->renews ? now_us + work->lease_ms * MS / 2 : work->hold_until_us;
    for (uint32_t cell = 0; cell < POOL_KEYS; cell++) {
        struct resource_register *fence =
            &link->crowd->resources.registers[first_cell(link) + cell];
        uint64_t version;
        if ((work->cells >> cell & 1) == 0)
            continue;
        if (work->counts) {
            lane->values[cell] = link->crowd->resources.counters[first_cell(link) + cell];
        } else {
            bool is_taken = register_show(fence, work->token, &lane->values[cell], &version);
            write_fence(lane, cell, version, is_taken ? FLAG_TAKEN : 0);
        }
    }
}

static void write_registers(struct lane *lane, int flags)
{
    for (uint32_t cell = 0; cell < POOL_KEYS; cell++) {
        struct resource_register *fence =
            &lane->link->crowd->resources.registers[first_cell(lane->link) + cell];
        uint64_t version;
        if ((lane->work.cells >> cell & 1) == 0)
            continue;
        if (register_write(fence, lane->work.token, lane->values[cell] + 1, &version))
            write_fence(lane, cell, version, flags | FLAG_WRITE | FLAG_TAKEN);
        else
            write_fence(lane, cell, version, flags | FLAG_WRITE);
    }
}

void work_end(struct lane *lane)
{
    struct history_record record = {
        .kind = HISTORY_COUNT, .client = lane->link->client, .op = lane->work.op};

    if (!lane->work.counts) {
        write_registers(lane, 0);
        return;
    }
    for (uint32_t cell = 0; cell < POOL_KEYS; cell++)
        if ((lane->work.cells >> cell & 1) != 0)
            lane->link->crowd->resources.counters[first_cell(lane->link) + cell] =
                lane->values[cell] + 1;
    record.count.cells = lane->work.cells;
    history_write(lane->link->crowd->history, &record);
}

void work_try_late(struct lane *lane)
{
    /* One that never looked has nothing to write. */
    if (lane->work.hold_until_us != 0)
        write_registers(lane, FLAG_LATE);
}
