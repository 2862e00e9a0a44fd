#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <wchar.h>

static void write_text(FILE *out, const char *bytes, size_t n)
{
    fputc('"', out);
    while (n > 0) {
        unsigned char c = (unsigned char)*bytes;
        wchar_t wide;
        mbstate_t state = {0};
        size_t size = 1;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\u%04x", c);
        } else if (c < 0x80) {
            fputc(c, out);
        } else {
            size = mbrtowc(&wide, bytes, n, &state);
            if (size == (size_t)-1 || size == (size_t)-2 || size == 0) {
                fputs("\\ufffd", out);
                size = 1;
            } else if (wide < 0xa0) {
                fprintf(out, "\\u%04x", (unsigned)wide);
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
