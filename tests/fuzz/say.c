#include "say.h"

static int write_to(void *data, const char *bytes, size_t n)
{
    buf_append(data, bytes, n);
    return 0;
}

static void pack_text(msgpack_packer *packer, struct slice text)
{
    msgpack_pack_str(packer, text.n);
    msgpack_pack_str_body(packer, text.at, text.n);
}

bool say_begin(struct say *say, struct daemon *daemon, struct line *line, enum wire_method method)
{
    if (line->conn == NULL || line->n_asked == LINE_ASKED)
        return false;
    *say = (struct say){
        .line = line, .id = ++daemon->last_id, .method = method, .longest = daemon->limits.message};
    msgpack_packer_init(&say->packer, &say->fields, write_to);
    return true;
}

void say_field(struct say *say, const char *name)
{
    say->n_fields++;
    pack_text(&say->packer, slice_of(name));
}

void say_text(struct say *say, const char *name, struct slice text)
{
    say_field(say, name);
    pack_text(&say->packer, text);
}

void say_number(struct say *say, const char *name, uint64_t number)
{
    say_field(say, name);
    msgpack_pack_uint64(&say->packer, number);
}

void say_keys(struct say *say, const char *name, struct slice path)
{
    say_field(say, name);
    msgpack_pack_array(&say->packer, 1);
    pack_text(&say->packer, path);
}

void say_end(struct say *say)
{
    struct line *line = say->line;
    size_t before = buf_size(&line->said);
    msgpack_packer packer;

    msgpack_packer_init(&packer, &line->said, write_to);
    msgpack_pack_array(&packer, 4);
    msgpack_pack_int(&packer, 0);
    msgpack_pack_uint32(&packer, say->id);
    pack_text(&packer, slice_of(wire_method_names[say->method]));
    msgpack_pack_array(&packer, 1);
    msgpack_pack_map(&packer, say->n_fields);
    buf_append(&line->said, buf_data(&say->fields), buf_size(&say->fields));
    buf_finish(&say->fields);
    line->is_raw = line->is_raw || buf_size(&line->said) - before > say->longest;
    line->asked[line->n_asked++] = (struct asked){say->id, (uint8_t)say->method, false};
}
