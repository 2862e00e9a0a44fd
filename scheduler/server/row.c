#include "server/row.h"

#include "base/buf.h"
#include "server/sound.h"
#include "wire/cursor.h"
#include "wire/reply.h"
#include "wire/scan.h"

#define KEYS_AT_ONCE 64

/* How many bytes a path takes inside a JSON string. */
static size_t json_size(struct slice text)
{
    size_t size = text.n;

    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '"' || c == '\\')
            size += 1;
        else if (c < 0x20)
            size += 5;
    }
    return size;
}

static char *json_write(char *at, struct slice text)
{
    static const char hex[] = "0123456789abcdef";

    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20) {
            memcpy(at, "\\u00", 4);
            at[4] = hex[c >> 4];
            at[5] = hex[c & 15];
            at += 6;
            continue;
        }
        if (c == '"' || c == '\\')
            *at++ = '\\';
        *at++ = (char)c;
    }
    return at;
}

/* The keys of one mode as a JSON array; absent when there are none. */
static struct slice keys_json(const struct core *core, const struct op *op, enum mode mode,
                              struct arena *arena)
{
    struct core_key keys[KEYS_AT_ONCE];
    uint32_t n_named = op->n_keys + op->n_shared;
    size_t size = 2;
    char *text, *at;

    if ((mode == MODE_X ? op->n_keys : op->n_shared) == 0)
        return (struct slice){0};
    for (uint32_t first = 0, n; first < n_named; first += n) {
        n = core_op_keys(core, op, first, keys, KEYS_AT_ONCE);
        for (uint32_t i = 0; i < n; i++)
            if (keys[i].mode == mode)
                size += json_size(keys[i].path) + 3;
    }
    at = text = arena_alloc(arena, size);
    *at++ = '[';
    for (uint32_t first = 0, n; first < n_named; first += n) {
        n = core_op_keys(core, op, first, keys, KEYS_AT_ONCE);
        for (uint32_t i = 0; i < n; i++) {
            if (keys[i].mode != mode)
                continue;
            if (at[-1] != '[')
                *at++ = ',';
            *at++ = '"';
            at = json_write(at, keys[i].path);
            *at++ = '"';
        }
    }
    *at++ = ']';
    return (struct slice){text, (uint32_t)(at - text)};
}

/* For ever is -1 in a row: one byte instead of eight, in columns that mostly say so. */
static int64_t to_row(int64_t ms)
{
    return ms == CORE_FOREVER ? -1 : ms;
}

static int64_t from_row(int64_t ms)
{
    return ms < 0 ? CORE_FOREVER : ms;
}

static struct slice changes_to_row(const struct op *op, struct arena *arena)
{
    struct buf buf = {0};
    struct slice row;

    if (op->n_changed == 0)
        return (struct slice){0};
    put_array(&buf, op->n_changed);
    for (uint32_t i = 0; i < op->n_changed; i++) {
        const struct core_change *change = &op->changed[i];
        put_array(&buf, 4);
        put_text(&buf, change->key);
        put_uint(&buf, change->rev);
        put_text(&buf, change->op);
        put_text(&buf, change->who);
    }
    row = arena_copy(arena, (struct slice){buf_data(&buf), (uint32_t)buf_size(&buf)});
    buf_finish(&buf);
    return row;
}

void row_from_op(const struct core *core, const struct op *op, struct arena *arena,
                 struct store_op *row)
{
    char *content = arena_alloc(arena, sizeof op->content);

    memcpy(content, op->content, sizeof op->content);
    *row = (struct store_op){
        .ticket = (int64_t)op->ticket,
        .ns = arena_copy(arena, core_namespace_name(op->ns)),
        .id = arena_copy(arena, op->id),
        .session = (int64_t)op->session,
        .detached = op->detached,
        .wait_ms = to_row(op->wait_ms),
        .claim_in_ms = to_row(op->claim_in_ms),
        .who = arena_copy(arena, op->who),
        .why = arena_copy(arena, op->why),
        .submitted_ms = (int64_t)op->submitted_ms,
        .content = {content, sizeof op->content},
        .seq = (int64_t)op->seq,
        .state = op->state,
        .ending = op->end,
        .token = (int64_t)op->token,
        .claimed_by = (int64_t)op->claimed_by,
        .lease_ms = to_row(op->lease_ms),
        .granted_ms = (int64_t)op->granted_ms,
        .ended_ms = (int64_t)op->ended_ms,
        .keys = keys_json(core, op, MODE_X, arena),
        .shared = keys_json(core, op, MODE_S, arena),
        .meta = arena_copy(arena, op->meta),
        .payload = arena_copy(arena, op->payload),
        .progress = arena_copy(arena, op->progress),
        .outcome = arena_copy(arena, op->outcome),
        .why_ended = arena_copy(arena, op->why_ended),
        .parent = op->parent == NULL ? 0 : (int64_t)op->parent->ticket,
        .passed = op->n_passed,
        .max_hold_ms = op->max_hold_ms,
        .on_change = op->on_change,
        .unchanged_since = (int64_t)op->unchanged_since,
        .tied = op->tied,
        .changed = changes_to_row(op, arena),
    };
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads one string from *at on, its opening quote included, into the arena. */
static bool json_read(const char **at, const char *end, struct arena *arena, struct slice *text)
{
    const char *from = *at;
    const char *close = from + 1;
    char *to;

    if (from == end || *from != '"')
        return false;
    while (close < end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= end)
        return false;
    text->at = to = arena_alloc(arena, (size_t)(close - from));
    for (from++; from < close; from++) {
        if (*from == '\\' && *++from == 'u') {
            int high, low;
            if (close - from < 5 || (high = hex_digit(from[3])) < 0 ||
                (low = hex_digit(from[4])) < 0)
                return false;
            *to++ = (char)(high << 4 | low);
            from += 4;
        } else {
            *to++ = *from;
        }
    }
    text->n = (uint32_t)(to - text->at);
    *at = close + 1;
    return true;
}

/* Reads an array as keys_json writes it, into keys[] from *n on; there is room for every comma. */
static bool read_keys(struct slice json, enum mode mode, struct arena *arena, struct core_key *keys,
                      uint32_t *n)
{
    const char *at = json.at, *end;

    if (json.at == NULL)
        return true;
    end = at + json.n;
    if (json.n < 2 || *at != '[')
        return false;
    do {
        at++;
        if (!json_read(&at, end, arena, &keys[*n].path))
            return false;
        if (!sound_path(keys[*n].path))
            return false;
        keys[(*n)++].mode = mode;
    } while (at < end && *at == ',');
    return at + 1 == end && *at == ']';
}

static uint32_t count_commas(struct slice json)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < json.n; i++)
        n += json.at[i] == ',';
    return n;
}

bool row_keys(const struct store_op *row, struct arena *arena, struct core_key **keys,
              uint32_t *n_keys)
{
    size_t most = (size_t)count_commas(row->keys) + count_commas(row->shared);
    uint32_t n = 0;

    *keys = arena_alloc(arena, most * sizeof **keys);
    if (!read_keys(row->keys, MODE_X, arena, *keys, &n) ||
        !read_keys(row->shared, MODE_S, arena, *keys, &n))
        return false;
    *n_keys = core_normalise(*keys, n);
    return *n_keys == n;
}

static bool read_value(struct cursor *cursor, struct value *value, enum value_type type)
{
    return cursor_read(cursor, value) && value->type == type;
}

static bool read_change(struct cursor *cursor, struct core_change *change)
{
    struct value array, key, rev, op, who;

    if (!read_value(cursor, &array, VALUE_ARRAY) || array.count != 4 ||
        !read_value(cursor, &key, VALUE_TEXT) || !read_value(cursor, &rev, VALUE_UINT) ||
        !read_value(cursor, &op, VALUE_TEXT) || !read_value(cursor, &who, VALUE_TEXT))
        return false;
    *change = (struct core_change){key.text, rev.uint, op.text, who.text};
    return true;
}

static bool changes_from_row(struct slice row, struct arena *arena, struct op *op)
{
    struct scanner scanner = {.bytes_max = row.n, .depth_max = 2};
    struct cursor cursor;
    struct core_change *changes;
    struct value array;
    size_t n;

    if (row.at == NULL)
        return true;
    if (scan(&scanner, row.at, row.n, &n) != SCAN_FRAME || n != row.n)
        return false;
    cursor = (struct cursor){row.at, row.at + row.n};
    if (!read_value(&cursor, &array, VALUE_ARRAY) || array.count == 0 ||
        array.count > CORE_CHANGES_SHOWN)
        return false;
    op->changed = changes = arena_alloc(arena, array.count * sizeof *changes);
    op->n_changed = array.count;
    for (uint32_t i = 0; i < array.count; i++)
        if (!read_change(&cursor, &changes[i]))
            return false;
    return true;
}

bool row_to_op(const struct store_op *row, struct arena *arena, struct op *op)
{
    *op = (struct op){
        .id = row->id,
        .ticket = (uint64_t)row->ticket,
        .seq = (uint64_t)row->seq,
        .token = (uint64_t)row->token,
        .session = (uint64_t)row->session,
        .claimed_by = (uint64_t)row->claimed_by,
        .state = (enum op_state)row->state,
        .end = (enum op_end)row->ending,
        .detached = row->detached != 0,
        .wait_ms = from_row(row->wait_ms),
        .lease_ms = from_row(row->lease_ms),
        .claim_in_ms = from_row(row->claim_in_ms),
        .submitted_ms = (uint64_t)row->submitted_ms,
        .granted_ms = (uint64_t)row->granted_ms,
        .ended_ms = (uint64_t)row->ended_ms,
        .who = row->who,
        .why = row->why,
        .meta = row->meta,
        .payload = row->payload,
        .progress = row->progress,
        .outcome = row->outcome,
        .why_ended = row->why_ended,
        .n_passed = (uint32_t)row->passed,
        .max_hold_ms = row->max_hold_ms,
        .on_change = (enum on_change)row->on_change,
        .unchanged_since = (uint64_t)row->unchanged_since,
        .tied = row->tied != 0,
        .driver = {.row_hash = store_op_hash(row)},
    };
    memcpy(op->content, row->content.at, sizeof op->content);
    return changes_from_row(row->changed, arena, op);
}
