#include "store/redis_keys.h"

void redis_keys_begin(struct redis_keys *keys, struct slice json)
{
    keys->at = json.at == NULL ? "" : json.at;
    keys->end = keys->at + json.n;
}

void redis_keys_finish(struct redis_keys *keys)
{
    buf_finish(&keys->text);
}

static int hex(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Control bytes are all that is written \u00XX. */
static char read_escape(struct redis_keys *keys)
{
    char c = keys->at < keys->end ? *keys->at++ : '\\';

    if (c != 'u' || keys->end - keys->at < 4)
        return c;
    keys->at += 4;
    return (char)(hex(keys->at[-2]) << 4 | hex(keys->at[-1]));
}

/* Reads the next string of the array, %2F and %25 decoded; *slashes is how many segments it has
 * but one, *first how long the first is. */
static bool read_path(struct redis_keys *keys, uint32_t *slashes, uint32_t *first)
{
    buf_consume(&keys->text, buf_size(&keys->text));
    buf_reserve(&keys->text, 1); /* so that there is an address, also of nothing */
    *slashes = *first = 0;
    while (keys->at < keys->end && *keys->at != '"')
        keys->at++;
    if (keys->at == keys->end)
        return false;
    keys->at++;
    while (keys->at < keys->end && *keys->at != '"') {
        char c = *keys->at++;
        if (c == '\\')
            c = read_escape(keys);
        if (c == '%' && keys->end - keys->at >= 2) {
            c = keys->at[1] == 'F' ? '/' : '%';
            keys->at += 2;
        } else if (c == '/') {
            if ((*slashes)++ == 0)
                *first = (uint32_t)buf_size(&keys->text);
            continue;
        }
        buf_append(&keys->text, &c, 1);
    }
    if (keys->at < keys->end)
        keys->at++;
    return true;
}

bool redis_keys_next(struct redis_keys *keys, struct slice *model, struct slice *id)
{
    uint32_t slashes, first;

    while (read_path(keys, &slashes, &first)) {
        if (slashes != 1)
            continue;
        *model = (struct slice){buf_data(&keys->text), first};
        *id =
            (struct slice){buf_data(&keys->text) + first, (uint32_t)buf_size(&keys->text) - first};
        return true;
    }
    return false;
}

static void append_escaped(struct buf *name, struct slice text)
{
    for (uint32_t i = 0; i < text.n; i++)
        if (text.at[i] == ':')
            buf_append(name, "%3A", 3);
        else if (text.at[i] == '%')
            buf_append(name, "%25", 3);
        else
            buf_append(name, &text.at[i], 1);
}

void redis_keys_name(struct buf *name, struct slice ns, struct slice model)
{
    if (!slice_equal(ns, SLICE("default"))) {
        append_escaped(name, ns);
        buf_append(name, ":", 1);
    }
    append_escaped(name, model);
}
