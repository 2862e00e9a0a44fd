/*
 * The bytes that are hashed, one after the other: for each key a number, twice the length of its
 * path and one more, or two if it is exclusive, in groups of seven bits with the lowest first, and
 * the path; then a zero byte; then whether detached (1), lease (8), claim_in (8); then one that
 * says what else there is (1): a payload, or more. More are max_hold (8), on_change (1),
 * unchanged_since (8), the length of the parent's id, 0 for none, (2) and that id. Last comes the
 * payload. Every part has a length that is known before it, so no two contents give the same bytes.
 */
#include "core/content.h"

#include "base/memory.h"
#include "core/state.h"

/* Not secret: a client can only collide with itself. */
static const struct siphash_key content_key = {0x6c6f636b71206f70, 0x636f6e74656e7431};

#define HEAD_BYTES 5 /* of a key, at most */
#define REST_BYTES 38

enum { HAS_PAYLOAD = 1, HAS_MORE = 2 };

static char *put(char *at, const void *bytes, size_t n)
{
    if (bytes != NULL)
        memcpy(at, bytes, n);
    return at + n;
}

static size_t bytes_most(const struct event *event)
{
    size_t bytes = REST_BYTES + (size_t)event->payload.n + event->parent.n;

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

static bool has_more(const struct event *event)
{
    return event->max_hold_ms > 0 || event->on_change != CHANGE_IGNORED || event->parent.at != NULL;
}

static char *put_more(char *at, const struct event *event)
{
    uint16_t n = (uint16_t)event->parent.n;
    uint64_t since = event->on_change == CHANGE_IGNORED ? 0 : event->unchanged_since;

    at = put(at, &event->max_hold_ms, sizeof event->max_hold_ms);
    *at++ = (char)event->on_change;
    at = put(at, &since, sizeof since);
    at = put(at, &n, sizeof n);
    return put(at, event->parent.at, n);
}

static char *put_rest(char *at, const struct event *event)
{
    int64_t lease_ms = event->detached ? event->lease_ms : CORE_FOREVER;
    int64_t claim_in_ms = event->detached ? event->claim_in_ms : CORE_FOREVER;

    *at++ = 0;
    *at++ = event->detached;
    at = put(at, &lease_ms, sizeof lease_ms);
    at = put(at, &claim_in_ms, sizeof claim_in_ms);
    *at++ =
        (char)((event->payload.at != NULL ? HAS_PAYLOAD : 0) | (has_more(event) ? HAS_MORE : 0));
    if (has_more(event))
        at = put_more(at, event);
    return put(at, event->payload.at, event->payload.n);
}

struct content content_of(struct core *core, const struct event *event)
{
    size_t bytes = bytes_most(event);
    struct content content;

    if (bytes > core->content_cap) {
        core->content_cap = bytes;
        core->content = memory_resize(core->content, bytes);
    }
    bytes = (size_t)(put_rest(put_keys(core->content, event), event) - core->content);
    siphash13_wide(content_key, core->content, bytes, content.hash);
    return content;
}
