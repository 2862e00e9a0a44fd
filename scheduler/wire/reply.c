#include "wire/reply.h"

#include <assert.h>
#include <stdio.h>

#include <msgpack/pack.h>

#include "wire/request.h"

#define RESPONSE        1
#define NOTIFICATION    2
#define OPEN_MAP        0xdf /* map 32 */
#define FIXSTR          0xa0 /* and the length in the last five bits */
#define OPEN_MAP_HEAD_N 5

static int write_bytes(void *out, const char *bytes, size_t n)
{
    buf_append(out, bytes, n);
    return 0;
}

static msgpack_packer packer(struct buf *out)
{
    return (msgpack_packer){.data = out, .callback = write_bytes};
}

void put_map(struct buf *out, uint32_t pairs)
{
    msgpack_packer pack = packer(out);
    msgpack_pack_map(&pack, pairs);
}

void put_array(struct buf *out, uint32_t elements)
{
    msgpack_packer pack = packer(out);
    msgpack_pack_array(&pack, elements);
}

/* Answers are made of short names and texts: those take one look for room. */
void put_text(struct buf *out, struct slice text)
{
    msgpack_packer pack = packer(out);

    if (text.n > 0 && text.n < 32) {
        char *at = buf_reserve(out, 1 + text.n);
        *at = (char)(FIXSTR | text.n);
        memcpy(at + 1, text.at, text.n);
        out->end += 1 + text.n;
        return;
    }
    msgpack_pack_str(&pack, text.n);
    buf_append_slice(out, text);
}

void put_uint(struct buf *out, uint64_t number)
{
    msgpack_packer pack = packer(out);
    msgpack_pack_uint64(&pack, number);
}

void put_bool(struct buf *out, bool value)
{
    msgpack_packer pack = packer(out);
    if (value)
        msgpack_pack_true(&pack);
    else
        msgpack_pack_false(&pack);
}

void put_nil(struct buf *out)
{
    msgpack_packer pack = packer(out);
    msgpack_pack_nil(&pack);
}

void put_raw(struct buf *out, struct slice msgpack)
{
    buf_append_slice(out, msgpack);
}

struct put_open_map put_map_begin(struct buf *out)
{
    struct put_open_map map = {.place = buf_size(out)};

    buf_reserve(out, OPEN_MAP_HEAD_N);
    out->end += OPEN_MAP_HEAD_N;
    return map;
}

void put_map_end(struct buf *out, const struct put_open_map *map)
{
    unsigned char *head = (unsigned char *)buf_data(out) + map->place;

    assert(map->place + OPEN_MAP_HEAD_N <= buf_size(out));
    head[0] = OPEN_MAP;
    for (int i = 1; i < OPEN_MAP_HEAD_N; i++)
        head[i] = (unsigned char)(map->pairs >> (8 * (OPEN_MAP_HEAD_N - 1 - i)));
}

void reply_begin(struct buf *out, uint32_t id)
{
    put_array(out, 4);
    put_uint(out, RESPONSE);
    put_uint(out, id);
    put_nil(out);
}

void reply_error(struct buf *out, uint32_t id, enum lockq_status status, const char *sentence)
{
    struct slice code = slice_of(wire_status_names[status]);
    struct slice text = slice_of(sentence);
    msgpack_packer pack = packer(out);

    put_array(out, 4);
    put_uint(out, RESPONSE);
    put_uint(out, id);
    msgpack_pack_str(&pack, (size_t)code.n + 2 + text.n);
    buf_append_slice(out, code);
    buf_append(out, ": ", 2);
    buf_append_slice(out, text);
    put_nil(out);
}

void notification_begin(struct buf *out, const char *method)
{
    put_array(out, 3);
    put_uint(out, NOTIFICATION);
    put_name(out, method);
    put_array(out, 1);
}
