/*
 * The bytes that are hashed, one after the other: for each key a number, twice the length of its
 * path and one more, or two if it is exclusive, in groups of seven bits with the lowest first, and
 * the path; then a zero byte; then whether detached (1), lease (8), claim_in (8), whether there is
 * a payload (1) and the payload. Every part has a length that is known before it, so no two
 * contents give the same bytes.
 */
#include "core/content.h"

#include "base/memory.h"
#include "core/state.h"

/* Not secret: a client can only collide with itself. */
static const struct siphash_key first_key = {0x6c6f636b71206f70, 0x636f6e74656e7431};
static const struct siphash_key second_key = {0x6c6f636b71206f70, 0x636f6e74656e7432};

#define HEAD_BYTES 5 /* of a key, at most */
#define REST_BYTES 19

static char *put(char *at, const void *bytes, size_t n)
{
    if (bytes != NULL)
        memcpy(at, bytes, n);
    return at + n;
}

static size_t bytes_most(const struct event *event)
{
    size_t bytes = REST_BYTES + (size_t)event->payload.n;

    for (uint32_t i = 0; i < event->n_keys; i++)
        bytes += HEAD_BYTES + (size_t)event->keys[i].path.n;
    return bytes;
}

static char *put_keys(char *at, const struct event *event)
{
    for (uint32_t i = 0; i < event->n_keys; i++) {
        const struct core_key *key = &event->keys[i];
        uint32_t head = key->path.n * 2 + (key->mode == MODE_X ? 2 : 1);
        for (; head > 0x7f; head >>= 7)
            *at++ = (char)(head | 0x80);
        *at++ = (char)head;
        at = put(at, key->path.at, key->path.n);
    }
    return at;
}

static char *put_rest(char *at, const struct event *event)
{
    int64_t lease_ms = event->detached ? event->lease_ms : CORE_FOREVER;
    int64_t claim_in_ms = event->detached ? event->claim_in_ms : CORE_FOREVER;

    *at++ = 0;
    *at++ = event->detached;
    at = put(at, &lease_ms, sizeof lease_ms);
    at = put(at, &claim_in_ms, sizeof claim_in_ms);
    *at++ = event->payload.at != NULL;
    return put(at, event->payload.at, event->payload.n);
}

struct content content_of(struct core *core, const struct event *event)
{
    size_t bytes = bytes_most(event);

    if (bytes > core->content_cap) {
        core->content_cap = bytes;
        core->content = memory_resize(core->content, bytes);
    }
    bytes = (size_t)(put_rest(put_keys(core->content, event), event) - core->content);
    return (struct content){
        {siphash13(first_key, core->content, bytes), siphash13(second_key, core->content, bytes)}};
}
