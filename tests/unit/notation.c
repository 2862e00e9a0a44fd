#include "notation.h"

#include <stdio.h>
#include <stdlib.h>

#include <msgpack.h>

#include "unit.h"

#define LONG_TEXT 64

/* --- from text -------------------------------------------------------------------------------- */

static int append(void *out, const char *bytes, size_t n)
{
    buf_append(out, bytes, n);
    return 0;
}

static msgpack_packer packer(struct buf *out)
{
    return (msgpack_packer){.data = out, .callback = append};
}

static void skip_space(const char **at)
{
    while (**at == ' ' || **at == '\n')
        (*at)++;
}

static bool skip_token(const char **at, const char *token)
{
    skip_space(at);
    if (strncmp(*at, token, strlen(token)) != 0)
        return false;
    *at += strlen(token);
    return true;
}

static void expect_token(const char **at, const char *token)
{
    if (!skip_token(at, token))
        fail_msg("notation: '%s' expected at: %s", token, *at);
}

/* What stands between quotes, the first of which is passed. */
static void read_quoted(const char **at, struct buf *text)
{
    size_t n;

    for (; **at != '\''; (*at)++) {
        char byte = **at;
        assert_true(byte != '\0');
        if (byte == '\\') {
            char digits[3] = {(*at)[2], (*at)[3], '\0'};
            byte = (char)strtoul(digits, NULL, 16);
            *at += 3;
        }
        buf_append(text, &byte, 1);
    }
    (*at)++;
    if (**at != '*')
        return;
    (*at)++;
    n = buf_size(text);
    for (unsigned long times = strtoul(*at, (char **)(uintptr_t)at, 10); times > 1; times--) {
        buf_reserve(text, n);
        buf_append(text, buf_data(text), n);
    }
}

static void pack(struct buf *out, const char **at);

static void pack_quoted(struct buf *out, const char **at,
                        int (*head)(msgpack_packer *packer, size_t n))
{
    struct buf text = {0};
    msgpack_packer to = packer(out);

    read_quoted(at, &text);
    head(&to, buf_size(&text));
    buf_append(out, text.at == NULL ? "" : buf_data(&text), buf_size(&text));
    buf_finish(&text);
}

static int ext_head(msgpack_packer *to, size_t n)
{
    return msgpack_pack_ext(to, n, 1);
}

/* Values up to `end`; returns how many elements or pairs. */
static size_t pack_elements(struct buf *content, const char **at, const char *end, bool pairs)
{
    size_t n = 0;

    for (; !skip_token(at, end); n++) {
        if (n > 0)
            expect_token(at, ",");
        pack(content, at);
        if (pairs) {
            expect_token(at, ":");
            pack(content, at);
        }
    }
    return n;
}

static void pack_container(struct buf *out, const char **at, bool pairs)
{
    struct buf content = {0};
    msgpack_packer to = packer(out);
    size_t n = pack_elements(&content, at, pairs ? "}" : "]", pairs);

    if (pairs)
        msgpack_pack_map(&to, n);
    else
        msgpack_pack_array(&to, n);
    buf_append(out, content.at == NULL ? "" : buf_data(&content), buf_size(&content));
    buf_finish(&content);
}

static void pack_number(struct buf *out, const char **at)
{
    msgpack_packer to = packer(out);
    size_t n = strspn(*at, "-0123456789.");
    char digits[32];

    if (n == 0 || n >= sizeof digits)
        fail_msg("notation: no value at: %s", *at);
    memcpy(digits, *at, n);
    digits[n] = '\0';
    *at += n;
    if (strchr(digits, '.') != NULL)
        msgpack_pack_double(&to, strtod(digits, NULL));
    else if (digits[0] == '-')
        msgpack_pack_int64(&to, strtoll(digits, NULL, 10));
    else
        msgpack_pack_uint64(&to, strtoull(digits, NULL, 10));
}

static void pack(struct buf *out, const char **at)
{
    msgpack_packer to = packer(out);

    skip_space(at);
    if (skip_token(at, "nil"))
        msgpack_pack_nil(&to);
    else if (skip_token(at, "true"))
        msgpack_pack_true(&to);
    else if (skip_token(at, "false"))
        msgpack_pack_false(&to);
    else if (skip_token(at, "'"))
        pack_quoted(out, at, msgpack_pack_str);
    else if (skip_token(at, "b'"))
        pack_quoted(out, at, msgpack_pack_bin);
    else if (skip_token(at, "ext'"))
        pack_quoted(out, at, ext_head);
    else if (skip_token(at, "["))
        pack_container(out, at, false);
    else if (skip_token(at, "{"))
        pack_container(out, at, true);
    else
        pack_number(out, at);
}

void notation_pack(struct buf *out, const char *text)
{
    pack(out, &text);
    if (*text != '\0')
        fail_msg("notation: not a value: %s", text);
}

/* --- to text ---------------------------------------------------------------------------------- */

static void say(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct buf *out, const char *format, ...)
{
    char text[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buf_append(out, text, strlen(text));
}

static void say_text(struct buf *out, const char *text, uint32_t n)
{
    say(out, "'");
    for (uint32_t i = 0; i < (n > LONG_TEXT ? 1 : n); i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte >= 0x7f || byte == '\'' || byte == '\\')
            say(out, "\\x%02x", byte);
        else
            say(out, "%c", byte);
    }
    say(out, "'");
    if (n > LONG_TEXT)
        say(out, "*%u", n);
}

static void say_object(struct buf *out, const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        say(out, "nil");
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        say(out, object->via.boolean ? "true" : "false");
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        say(out, "%llu", (unsigned long long)object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        say(out, "%lld", (long long)object->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        say(out, "%g", object->via.f64);
        break;
    case MSGPACK_OBJECT_STR:
        say_text(out, object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        say(out, "b");
        say_text(out, object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_EXT:
        say(out, "ext");
        say_text(out, object->via.ext.ptr, object->via.ext.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        say(out, "[");
        for (uint32_t i = 0; i < object->via.array.size; i++) {
            say(out, i > 0 ? ", " : "");
            say_object(out, &object->via.array.ptr[i]);
        }
        say(out, "]");
        break;
    case MSGPACK_OBJECT_MAP:
        say(out, "{");
        for (uint32_t i = 0; i < object->via.map.size; i++) {
            say(out, i > 0 ? ", " : "");
            say_object(out, &object->via.map.ptr[i].key);
            say(out, ": ");
            say_object(out, &object->via.map.ptr[i].val);
        }
        say(out, "}");
        break;
    }
}

void notation_unpack(struct buf *out, struct slice msgpack)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;

    msgpack_unpacked_init(&unpacked);
    assert_true(msgpack_unpack_next(&unpacked, msgpack.at, msgpack.n, &offset) ==
                MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(offset, msgpack.n);
    say_object(out, &unpacked.data);
    msgpack_unpacked_destroy(&unpacked);
}
