#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The bytes of the UTF-8 character that begins here; 0: it is none. JSON is UTF-8 whatever the
 * locale says, so the C library is not asked. */
static size_t utf8_size(const char *bytes, size_t n)
{
    const unsigned char *at = (const unsigned char *)bytes;
    size_t size = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    bool is_overlong, is_beyond;

    if (size == 0 || size > n)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    is_overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    is_beyond = (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf4 && at[1] >= 0x90);
    return is_overlong || is_beyond ? 0 : size;
}

static void write_text(FILE *out, const char *bytes, size_t n)
{
    fputc('"', out);
    while (n > 0) {
        unsigned char c = (unsigned char)*bytes;
        size_t size = 1;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\u%04x", c);
        } else if (c < 0x80) {
            fputc(c, out);
        } else {
            size = utf8_size(bytes, n);
            if (size == 0) {
                fputs("\\ufffd", out);
                size = 1;
            } else if (c == 0xc2 && (unsigned char)bytes[1] < 0xa0) {
                fprintf(out, "\\u%04x", (unsigned char)bytes[1]); /* a C1 control character */
            } else {
                fwrite(bytes, 1, size, out);
            }
        }
        bytes += size;
        n -= size;
    }
    fputc('"', out);
}

static void write_array(FILE *out, const msgpack_object_array *array)
{
    fputc('[', out);
    for (uint32_t i = 0; i < array->size; i++) {
        if (i > 0)
            fputs(", ", out);
        json_write(out, &array->ptr[i]);
    }
    fputc(']', out);
}

/* A key that is no text becomes text: JSON knows no others. */
static void write_key(FILE *out, const msgpack_object *key)
{
    if (key->type == MSGPACK_OBJECT_STR) {
        write_text(out, key->via.str.ptr, key->via.str.size);
        return;
    }
    if (key->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        fprintf(out, "\"%" PRIu64 "\"", key->via.u64);
    else if (key->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        fprintf(out, "\"%" PRId64 "\"", key->via.i64);
    else
        fputs("\"?\"", out);
}

static void write_map(FILE *out, const msgpack_object_map *map)
{
    fputc('{', out);
    for (uint32_t i = 0; i < map->size; i++) {
        if (i > 0)
            fputs(", ", out);
        write_key(out, &map->ptr[i].key);
        fputs(": ", out);
        json_write(out, &map->ptr[i].val);
    }
    fputc('}', out);
}

void json_write(FILE *out, const msgpack_object *value)
{
    switch (value->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        fputs(value->via.boolean ? "true" : "false", out);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        fprintf(out, "%" PRIu64, value->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        fprintf(out, "%" PRId64, value->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        if (isfinite(value->via.f64))
            fprintf(out, "%.17g", value->via.f64);
        else
            fputs("null", out);
        break;
    case MSGPACK_OBJECT_STR:
        write_text(out, value->via.str.ptr, value->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        write_text(out, value->via.bin.ptr, value->via.bin.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        write_array(out, &value->via.array);
        break;
    case MSGPACK_OBJECT_MAP:
        write_map(out, &value->via.map);
        break;
    default:
        fputs("null", out);
    }
}
