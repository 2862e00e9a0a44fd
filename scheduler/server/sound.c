#include "server/sound.h"

#include "core/core.h"
#include "server/session.h"
#include "wire/cursor.h"
#include "wire/scan.h"

#define NUMBER_MAX                                                                                 \
    ((int64_t)1 << 53)               /* beyond it clients that know only doubles lose its value    \
                                      */
#define EPOCH_MAX ((1ULL << 21) - 2) /* of tokens below 2^53, and one more is still to come */
#define NAME_MAX  128                /* bytes of an id, of a namespace */

static bool is_number(int64_t number)
{
    return number >= 0 && number <= NUMBER_MAX;
}

/* In ms; -1 is for ever. */
static bool is_duration(int64_t ms)
{
    return ms >= -1 && ms <= NUMBER_MAX;
}

static bool is_flag(int64_t flag)
{
    return flag == 0 || flag == 1;
}

static bool is_name(struct slice name)
{
    return name.n > 0 && name.n <= NAME_MAX && text_is_utf8(name);
}

/* One value, or none. */
static bool is_msgpack(struct slice bytes)
{
    struct scanner scanner = {.bytes_max = bytes.n, .depth_max = SCAN_DEPTH_LIMIT};
    size_t n;

    return bytes.at == NULL ||
           (scan(&scanner, bytes.at, bytes.n, &n) == SCAN_FRAME && n == bytes.n);
}

/* Numbers that rise have at least half of their way before them. */
bool sound_meta(const struct store_meta *meta)
{
    return meta->epoch <= EPOCH_MAX && meta->seq <= NUMBER_MAX / 2 &&
           meta->ticket <= NUMBER_MAX / 2;
}

bool sound_session(const struct store_session *session)
{
    return session->id > 0 && session->id <= SESSION_ID_MAX && session->grace_ms <= NUMBER_MAX &&
           is_name(session->ns) && session->secret.n == SESSION_SECRET_SIZE &&
           text_is_utf8(session->secret) && text_is_utf8(session->peer);
}

static bool has_sound_numbers(const struct store_op *op)
{
    return op->ticket > 0 && op->seq > 0 && is_number(op->session) && is_number(op->claimed_by) &&
           is_number(op->submitted_ms) && is_number(op->granted_ms) && is_number(op->ended_ms) &&
           is_number(op->max_hold_ms) && is_duration(op->wait_ms) && is_duration(op->lease_ms) &&
           is_duration(op->claim_in_ms) && op->unchanged_since >= 0 && op->passed >= 0 &&
           op->passed <= CORE_PASSED_MAX;
}

static bool has_sound_texts(const struct store_op *op)
{
    return is_name(op->ns) && is_name(op->id) && text_is_utf8(op->who) && text_is_utf8(op->why) &&
           text_is_utf8(op->progress) && text_is_utf8(op->outcome) && text_is_utf8(op->why_ended) &&
           is_msgpack(op->meta) && is_msgpack(op->payload);
}

bool sound_op(const struct store_op *op, const struct store_meta *meta)
{
    return has_sound_numbers(op) && has_sound_texts(op) && is_flag(op->detached) &&
           is_flag(op->tied) && (op->tied == 0 || (op->detached == 1 && op->claimed_by != 0)) &&
           op->state >= OP_WAITING && op->state <= OP_ENDED && op->ending >= END_NONE &&
           op->ending <= END_REFUSED && op->on_change >= CHANGE_IGNORED &&
           op->on_change <= CHANGE_TOLD && op->token >= 0 &&
           (uint64_t)op->token / CORE_TOKENS_AN_EPOCH <= meta->epoch &&
           op->content.n == sizeof((struct op){0}).content;
}

bool sound_path(struct slice path)
{
    uint32_t segments = 1, from = 0;

    for (uint32_t i = 0; i < path.n; i++) {
        if (path.at[i] == '%' && (path.n - i < 3 || (memcmp(path.at + i, "%2F", 3) != 0 &&
                                                     memcmp(path.at + i, "%25", 3) != 0)))
            return false;
        if (path.at[i] != '/')
            continue;
        if (i == from)
            return false;
        from = i + 1;
        segments++;
    }
    return segments <= CORE_SEGMENTS_MAX && (path.n == 0 || from < path.n) && text_is_utf8(path);
}
