#include "wire/keys.h"

#include "wire/sentence.h"

/* Where a path is being written; there is room for as much as a path may have. */
struct pen {
    char *at;
    const char *end;
};

static bool over_path(struct reading *reading)
{
    return sentence_over(reading,
                         (struct limit){"path", reading->parser->limits.path, " bytes in one key"});
}

static bool over_segments(struct reading *reading)
{
    return sentence_over(
        reading, (struct limit){"segments", reading->parser->limits.segments, " in one key"});
}

static bool empty_segment(struct reading *reading)
{
    return sentence_field(reading, "has a key with an empty segment");
}

static bool not_utf8(struct reading *reading)
{
    return sentence_field(reading, "has a key that is not UTF-8");
}

/* --- keys that are written -------------------------------------------------------------------- */

static struct pen pen_start(struct reading *reading)
{
    size_t n = reading->parser->limits.path;
    char *room = parser_room(reading->parser, n);
    return (struct pen){room, room + n};
}

static struct slice pen_finish(struct reading *reading, const char *start, const struct pen *pen)
{
    parser_use(reading->parser, pen->at);
    return (struct slice){start, (uint32_t)(pen->at - start)};
}

static bool write_bytes(struct reading *reading, struct pen *pen, const char *bytes, size_t n)
{
    if ((size_t)(pen->end - pen->at) < n)
        return over_path(reading);
    memcpy(pen->at, bytes, n);
    pen->at += n;
    return true;
}

static bool write_number(struct reading *reading, struct pen *pen, const struct value *number)
{
    char digits[24], *at = digits + sizeof digits;
    bool negative = number->type == VALUE_NEGATIVE;
    uint64_t left = negative ? -(uint64_t)number->negative : number->uint;

    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (negative)
        *--at = '-';
    return write_bytes(reading, pen, at, (size_t)(digits + sizeof digits - at));
}

static bool write_text(struct reading *reading, struct pen *pen, struct slice text)
{
    unsigned char seen = 0;

    if (text.n == 0)
        return empty_segment(reading);
    /* Before its bytes are looked at, so that a huge one costs nothing. */
    if (text.n > (size_t)(pen->end - pen->at))
        return over_path(reading);
    for (uint32_t i = 0; i < text.n; i++) {
        char byte = text.at[i];
        seen |= (unsigned char)byte;
        if (byte == '/' || byte == '%') {
            if (!write_bytes(reading, pen, byte == '/' ? "%2F" : "%25", 3))
                return false;
        } else if (pen->at < pen->end) {
            *pen->at++ = byte;
        } else {
            return over_path(reading);
        }
    }
    return seen < 0x80 || text_is_utf8(text) || not_utf8(reading);
}

static bool write_segment(struct reading *reading, struct pen *pen, const struct value *segment)
{
    switch (segment->type) {
    case VALUE_UINT:
    case VALUE_NEGATIVE:
        return write_number(reading, pen, segment);
    case VALUE_TEXT:
        return write_text(reading, pen, segment->text);
    default:
        return sentence_field(reading, "has an id that is neither text nor an integer");
    }
}

/* The segments stand in the cursor. */
static bool read_segments(struct reading *reading, uint32_t count, struct slice *path)
{
    struct pen pen = pen_start(reading);
    const char *start = pen.at;
    struct value segment;

    if (count > reading->parser->limits.segments)
        return over_segments(reading);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && !write_bytes(reading, &pen, "/", 1))
            return false;
        cursor_read(&reading->cursor, &segment);
        if (!write_segment(reading, &pen, &segment))
            return false;
    }
    *path = pen_finish(reading, start, &pen);
    return true;
}

/* --- keys that stay where they are ------------------------------------------------------------ */

static bool is_escape(struct slice path, uint32_t i)
{
    return path.n - i >= 3 && path.at[i + 1] == '2' &&
           (path.at[i + 2] == 'F' || path.at[i + 2] == '5');
}

static bool check_path(struct reading *reading, struct slice path)
{
    uint32_t segments = 1;
    unsigned char seen = 0;
    bool empty = true; /* the segment, so far */

    if (path.n > reading->parser->limits.path)
        return over_path(reading);
    for (uint32_t i = 0; i < path.n; i++) {
        char byte = path.at[i];
        seen |= (unsigned char)byte;
        if (byte == '/' && empty)
            break;
        if (byte == '/')
            segments++;
        else if (byte == '%' && !is_escape(path, i))
            return sentence_field(reading, "has a '%' that begins neither %2F nor %25");
        empty = byte == '/';
    }
    if (empty)
        return empty_segment(reading);
    if (segments > reading->parser->limits.segments)
        return over_segments(reading);
    return seen < 0x80 || text_is_utf8(path) || not_utf8(reading);
}

static bool read_key(struct reading *reading, const struct value *key, struct slice *path)
{
    switch (key->type) {
    case VALUE_TEXT:
        *path = key->text;
        if (!slice_equal(key->text, SLICE("/")))
            return check_path(reading, key->text);
        path->n = 0;
        return true;
    case VALUE_ARRAY:
        return read_segments(reading, key->count, path);
    default:
        return sentence_field(reading, "has a key that is neither a path nor an array of segments");
    }
}

/* --- sets of keys ----------------------------------------------------------------------------- */

static bool add_key(struct reading *reading, struct wire_key key)
{
    struct parser *parser = reading->parser;
    bool checks = reading->request->method == METHOD_CHECK;
    uint64_t keys_max = checks ? parser->limits.keys_per_check : parser->limits.keys;

    if (parser->n_keys >= keys_max)
        return sentence_over(reading,
                             (struct limit){checks ? "keys_per_check" : "keys", keys_max, ""});
    if (parser->key_text + key.path.n > parser->limits.key_text)
        return sentence_over(reading,
                             (struct limit){"key_text", parser->limits.key_text, " bytes"});
    parser_add_key(parser, key);
    return true;
}

/* The model, with a slash behind it. */
static bool read_model(struct reading *reading, struct slice *prefix)
{
    struct pen pen = pen_start(reading);
    const char *start = pen.at;
    struct value model;

    cursor_read(&reading->cursor, &model);
    if (model.type != VALUE_TEXT)
        return sentence_field(reading, "has a model that is not text");
    if (!write_text(reading, &pen, model.text) || !write_bytes(reading, &pen, "/", 1))
        return false;
    *prefix = pen_finish(reading, start, &pen);
    return true;
}

static bool read_id(struct reading *reading, struct slice prefix, bool shared)
{
    struct pen pen = pen_start(reading);
    const char *start = pen.at;
    struct value id;

    cursor_read(&reading->cursor, &id);
    return write_bytes(reading, &pen, prefix.at, prefix.n) && write_segment(reading, &pen, &id) &&
           add_key(reading, (struct wire_key){pen_finish(reading, start, &pen), shared});
}

static bool read_models(struct reading *reading, uint32_t count, bool shared)
{
    struct slice prefix = SLICE("");
    struct value ids;

    for (; count > 0; count--) {
        if (!read_model(reading, &prefix))
            return false;
        cursor_read(&reading->cursor, &ids);
        if (ids.type != VALUE_ARRAY)
            return sentence_field(reading, "has a model whose ids are not an array");
        for (uint32_t i = 0; i < ids.count; i++)
            if (!read_id(reading, prefix, shared))
                return false;
    }
    return true;
}

static bool read_list(struct reading *reading, uint32_t count, bool shared)
{
    struct wire_key key = {.shared = shared};
    struct value value;

    for (; count > 0; count--) {
        cursor_read(&reading->cursor, &value);
        if (!read_key(reading, &value, &key.path) || !add_key(reading, key))
            return false;
    }
    return true;
}

bool keys_read(struct reading *reading, bool shared)
{
    struct value value;
    bool done;

    cursor_read(&reading->cursor, &value);
    switch (value.type) {
    case VALUE_MAP:
        done = read_models(reading, value.count, shared);
        break;
    case VALUE_ARRAY:
        done = read_list(reading, value.count, shared);
        break;
    default:
        return sentence_field(reading, "must be a map of models to ids or an array of keys");
    }
    reading->request->keys = reading->parser->keys;
    reading->request->n_keys = reading->parser->n_keys;
    return done;
}

bool keys_read_one(struct reading *reading, struct slice *path)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    return read_key(reading, &value, path);
}
