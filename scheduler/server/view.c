#include "server/view.h"

const char *const op_state_names[] = {"waiting", "granted", "ended"};

const char *const op_end_names[] = {"",
#define END_NAME(name, wire) wire,
                                    CORE_END_LIST(END_NAME)
#undef END_NAME
};

const char *mode_name(enum mode mode)
{
    return mode == MODE_S ? "shared" : "exclusive";
}

void put_path(struct buf *out, struct slice path)
{
    put_text(out, path.n == 0 ? SLICE("/") : path);
}

static void put_field_text(struct buf *out, struct put_open_map *map, const char *name,
                           struct slice text)
{
    put_name(out, name);
    put_text(out, text);
    map->pairs++;
}

static void put_field_name(struct buf *out, struct put_open_map *map, const char *name,
                           const char *value)
{
    put_field_text(out, map, name, slice_of(value));
}

static void put_field_uint(struct buf *out, struct put_open_map *map, const char *name,
                           uint64_t number)
{
    put_name(out, name);
    put_uint(out, number);
    map->pairs++;
}

static void put_field_raw(struct buf *out, struct put_open_map *map, const char *name,
                          struct slice msgpack)
{
    put_name(out, name);
    put_raw(out, msgpack);
    map->pairs++;
}

static void put_blocker(struct buf *out, const struct blocker *blocker)
{
    const struct op *op = blocker->op;

    put_map(out, 7);
    put_name(out, "op");
    put_text(out, op->id);
    put_name(out, "key");
    put_path(out, blocker->key);
    put_name(out, "mode");
    put_name(out, mode_name(blocker->mode));
    put_name(out, "state");
    put_name(out, op_state_names[op->state]);
    put_name(out, "who");
    put_text(out, op->who);
    put_name(out, "why");
    put_text(out, op->why);
    put_name(out, "since");
    put_uint(out, op->state == OP_GRANTED ? op->granted_ms : op->submitted_ms);
}

static void put_blockers(struct buf *out, struct put_open_map *map, const struct ahead *ahead)
{
    put_name(out, "blockers");
    put_array(out, ahead->shown);
    for (uint32_t i = 0; i < ahead->shown; i++)
        put_blocker(out, &ahead->blockers[i]);
    map->pairs++;
}

static void put_field_true(struct buf *out, struct put_open_map *map, const char *name)
{
    put_name(out, name);
    put_bool(out, true);
    map->pairs++;
}

void put_ahead(struct buf *out, struct put_open_map *map, const struct ahead *ahead)
{
    put_field_uint(out, map, "ahead", ahead->count);
    if (ahead->more)
        put_field_true(out, map, "ahead_more");
    put_blockers(out, map, ahead);
}

void put_change(struct buf *out, const struct core_change *change)
{
    bool is_known = change->rev > 0;

    put_map(out, is_known ? 4 : 1);
    put_name(out, "key");
    put_path(out, change->key);
    if (!is_known)
        return;
    put_name(out, "rev");
    put_uint(out, change->rev);
    put_name(out, "op");
    put_text(out, change->op);
    put_name(out, "who");
    put_text(out, change->who);
}

static void put_field_changes(struct buf *out, struct put_open_map *map,
                              const struct core_change *changes, uint32_t n)
{
    put_name(out, "changed");
    put_array(out, n);
    for (uint32_t i = 0; i < n; i++)
        put_change(out, &changes[i]);
    map->pairs++;
}

static void put_waiting(struct buf *out, struct put_open_map *map, const struct viewer *viewer,
                        const struct op *op)
{
    struct ahead ahead;

    if (op->state != OP_WAITING)
        return;
    core_ahead(viewer->core, op, &ahead);
    put_ahead(out, map, &ahead);
}

static void put_end(struct buf *out, struct put_open_map *map, const struct op *op)
{
    if (op->state != OP_ENDED)
        return;
    put_field_name(out, map, "end", op_end_names[op->end]);
    if (op->why_ended.at != NULL)
        put_field_text(out, map, "why_ended", op->why_ended);
}

static void put_grant(struct buf *out, struct put_open_map *map, const struct viewer *viewer,
                      const struct op *op)
{
    bool sees = op->detached || viewer->token == op->token ||
                (viewer->session != NULL && viewer->session->id == op->session);

    if (op->token != 0 && sees)
        put_field_uint(out, map, "token", op->token);
    if (op->state == OP_GRANTED && op->deadline_ms != CORE_FOREVER)
        put_field_uint(
            out, map, "expires_in",
            op->deadline_ms > viewer->now_ms ? (uint64_t)(op->deadline_ms - viewer->now_ms) : 0);
}

static void put_view_fields(struct buf *out, struct put_open_map *map, const struct viewer *viewer,
                            const struct op *op)
{
    put_field_text(out, map, "op", op->id);
    put_field_name(out, map, "state", op_state_names[op->state]);
    put_field_uint(out, map, "ticket", op->ticket);
    put_field_uint(out, map, "seq", op->seq);
    put_end(out, map, op);
    put_grant(out, map, viewer, op);
    put_waiting(out, map, viewer, op);
    if (op->n_changed > 0 && (op->state == OP_GRANTED || op->end == END_STALE))
        put_field_changes(out, map, op->changed, op->n_changed);
}

void put_view(struct buf *out, const struct viewer *viewer, const struct op *op, bool content)
{
    struct put_open_map map = put_map_begin(out);

    put_view_fields(out, &map, viewer, op);
    if (content && op->meta.at != NULL)
        put_field_raw(out, &map, "meta", op->meta);
    if (content && op->payload.at != NULL)
        put_field_raw(out, &map, "payload", op->payload);
    put_map_end(out, &map);
}

void put_extension_refused(struct buf *out, const struct viewer *viewer,
                           const struct outcome *outcome)
{
    struct put_open_map map = put_map_begin(out);

    put_view_fields(out, &map, viewer, outcome->op);
    put_field_true(out, &map, "refused");
    put_ahead(out, &map, &outcome->ahead);
    put_map_end(out, &map);
}

void put_left_out(struct buf *out, struct slice id, const struct outcome *outcome, uint64_t seq)
{
    struct put_open_map map = put_map_begin(out);

    if (id.n > 0)
        put_field_text(out, &map, "op", id);
    put_field_name(out, &map, "state", op_state_names[OP_ENDED]);
    put_field_name(out, &map, "end", op_end_names[outcome->end]);
    put_field_uint(out, &map, "seq", seq);
    if (outcome->end == END_STALE)
        put_field_changes(out, &map, outcome->changes, outcome->n_changes);
    else if (outcome->end == END_DEADLOCK)
        put_blockers(out, &map, &outcome->ahead);
    else
        put_ahead(out, &map, &outcome->ahead);
    put_map_end(out, &map);
}

#define KEYS_AT_ONCE 64

/* The first of the named keys that comes after a path. */
static uint32_t first_after(const struct viewer *viewer, const struct op *op, struct slice path)
{
    uint32_t low = 0, high = op->n_keys + op->n_shared;

    while (path.at != NULL && low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct core_key key;
        core_op_keys(viewer->core, op, middle, &key, 1);
        if (slice_compare(key.path, path) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void put_keys(struct buf *out, const struct viewer *viewer, const struct op *op,
                     uint32_t first, enum mode mode, uint32_t n_mode)
{
    struct core_key found[RECORD_KEYS_MAX], keys[KEYS_AT_ONCE];
    uint32_t n_named = op->n_keys + op->n_shared, n_found = 0;
    uint32_t most = n_mode < RECORD_KEYS_MAX ? n_mode : RECORD_KEYS_MAX;

    for (uint32_t n; first < n_named && n_found < most; first += n) {
        n = core_op_keys(viewer->core, op, first, keys, KEYS_AT_ONCE);
        for (uint32_t i = 0; i < n && n_found < most; i++)
            if (keys[i].mode == mode)
                found[n_found++] = keys[i];
    }
    put_array(out, n_found);
    for (uint32_t i = 0; i < n_found; i++)
        put_path(out, found[i].path);
}

static void put_times(struct buf *out, struct put_open_map *map, const struct op *op)
{
    put_field_uint(out, map, "submitted", op->submitted_ms);
    if (op->granted_ms != 0)
        put_field_uint(out, map, "granted", op->granted_ms);
    if (op->ended_ms != 0)
        put_field_uint(out, map, "ended", op->ended_ms);
}

static void put_ownership(struct buf *out, struct put_open_map *map, const struct op *op)
{
    if (!op->detached || op->tied)
        put_field_uint(out, map, "session", op->detached ? op->claimed_by : op->session);
    if (op->detached)
        put_field_uint(out, map, "lease",
                       op->lease_ms == CORE_FOREVER ? 0 : (uint64_t)op->lease_ms);
    put_name(out, "claimed");
    put_bool(out, op->claimed_by != 0);
    map->pairs++;
}

void put_record(struct buf *out, const struct viewer *viewer, const struct op *op,
                struct slice after_key)
{
    uint32_t first = first_after(viewer, op, after_key);
    struct put_open_map map = put_map_begin(out);

    put_field_text(out, &map, "op", op->id);
    put_field_uint(out, &map, "ticket", op->ticket);
    put_field_name(out, &map, "state", op_state_names[op->state]);
    put_field_uint(out, &map, "seq", op->seq);
    put_end(out, &map, op);
    if (op->outcome.at != NULL)
        put_field_text(out, &map, "outcome", op->outcome);
    put_field_text(out, &map, "who", op->who);
    put_field_text(out, &map, "why", op->why);
    put_name(out, "keys");
    put_keys(out, viewer, op, first, MODE_X, op->n_keys);
    put_name(out, "shared");
    put_keys(out, viewer, op, first, MODE_S, op->n_shared);
    map.pairs += 2;
    put_field_uint(out, &map, "n_keys", op->n_keys);
    put_field_uint(out, &map, "n_shared", op->n_shared);
    if (op->parent != NULL)
        put_field_text(out, &map, "parent", op->parent->id);
    put_field_uint(out, &map, "children", op->n_children);
    put_ownership(out, &map, op);
    put_times(out, &map, op);
    if (op->progress.at != NULL)
        put_field_text(out, &map, "progress", op->progress);
    if (op->meta.at != NULL)
        put_field_raw(out, &map, "meta", op->meta);
    put_grant(out, &map, viewer, op);
    put_waiting(out, &map, viewer, op);
    put_map_end(out, &map);
}
