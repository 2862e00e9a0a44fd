/*
 * Requests with fields and values that the input chooses: mostly ones that mean something to the
 * state that is there, so that a few bytes lead far; now and then anything.
 */
#include "say.h"
#include "server/state.h"

#define F(name) (UINT64_C(1) << FIELD_##name)

/* Those that a method needs, and those that it may have. */
static const struct {
    uint64_t needs, takes;
} fields[METHOD_COUNT] = {
    [METHOD_HELLO] = {0, F(PROTOCOL) | F(CLIENT) | F(NAMESPACE) | F(GRACE) | F(RESUME)},
    [METHOD_SUBMIT] = {F(KEYS), F(SHARED) | F(OP) | F(WAIT) | F(LEASE) | F(CLAIM_IN) | F(WHO) |
                                    F(WHY) | F(META) | F(PAYLOAD) | F(PARENT) | F(PARENT_TOKEN) |
                                    F(UNCHANGED_SINCE) | F(ON_CHANGE) | F(MAX_HOLD) | F(PASS)},
    [METHOD_ACQUIRE] = {F(KEYS), F(SHARED) | F(OP) | F(WAIT) | F(LEASE) | F(CLAIM_IN) | F(PAYLOAD) |
                                     F(PARENT) | F(PARENT_TOKEN) | F(MAX_HOLD)},
    [METHOD_PLAN] = {F(KEYS), F(SHARED) | F(OP) | F(PARENT) | F(PARENT_TOKEN) | F(WAIT)},
    [METHOD_WAIT] = {F(OP), F(TIMEOUT)},
    [METHOD_CLAIM] = {F(OP), F(TIE)},
    [METHOD_RENEW] = {F(OP) | F(TOKEN), F(LEASE) | F(PROGRESS)},
    [METHOD_EXTEND] = {F(OP) | F(TOKEN) | F(KEYS), F(SHARED)},
    [METHOD_RELEASE] = {F(OP), F(TOKEN) | F(KEYS) | F(OUTCOME) | F(UNCHANGED)},
    [METHOD_CANCEL] = {F(OP), F(WHY)},
    [METHOD_VERIFY] = {F(OP) | F(TOKEN), 0},
    [METHOD_CHECK] = {F(KEYS), F(SINCE)},
    [METHOD_STATUS] = {F(OP), F(AFTER_KEY)},
    [METHOD_LIST] = {0, F(STATE) | F(WHO) | F(KEY) | F(MINE) | F(CLAIMED) | F(AFTER) | F(LIMIT)},
    [METHOD_EXPLAIN] = {F(OP), 0},
    [METHOD_SUBSCRIBE] = {0, F(GRANTS) | F(ENDS) | F(CONTENDED)},
    [METHOD_KILL] = {F(OP) | F(WHY), 0},
    [METHOD_DRAIN] = {F(ON), 0},
};

/* The commoner ones more often. */
static const uint8_t methods[] = {
    METHOD_SUBMIT,    METHOD_SUBMIT,  METHOD_SUBMIT,      METHOD_RELEASE, METHOD_RELEASE,
    METHOD_ACQUIRE,   METHOD_CLAIM,   METHOD_RENEW,       METHOD_EXTEND,  METHOD_CANCEL,
    METHOD_WAIT,      METHOD_HELLO,   METHOD_CHECK,       METHOD_STATUS,  METHOD_LIST,
    METHOD_EXPLAIN,   METHOD_PLAN,    METHOD_SUBSCRIBE,   METHOD_KILL,    METHOD_VERIFY,
    METHOD_SUBMIT,    METHOD_ACQUIRE, METHOD_UNSUBSCRIBE, METHOD_DRAIN,   METHOD_STATS,
    METHOD_PING,      METHOD_RELEASE, METHOD_SUBMIT,      METHOD_EXTEND,  METHOD_SUBMIT,
    METHOD_SUBSCRIBE, METHOD_RENEW,
};

static const char *const paths[] = {"a",     "b", "a/b",     "a/c", "a/b/c", "b/c",
                                    "a/b/d", "c", "c/d/e/f", "/",   "a%2Fb", "d"};
static const char *const ids[] = {"o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "1", "2"};
static const char *const texts[] = {"x",
                                    "",
                                    "me",
                                    "é",
                                    "a text that is too long for limits",
                                    "default",
                                    "other",
                                    "0123456789abcdef"};

#define PICK(input, among) slice_of((among)[input_below(input, sizeof(among) / sizeof *(among))])

static void pack_text(msgpack_packer *packer, struct slice text)
{
    msgpack_pack_str(packer, text.n);
    msgpack_pack_str_body(packer, text.at, text.n);
}

/* --- values ---------------------------------------------------------------------------------- */

/* So deep that nothing is nested too deeply, not even a path in an array in a map of keys. */
#define ODD_DEPTH 3

static void put_odd_in(msgpack_packer *packer, struct input *input, uint32_t depth)
{
    uint32_t which = input_below(input, 10), n;

    if (which >= 8 && depth == ODD_DEPTH)
        which = 0;
    switch (which) {
    case 0:
        msgpack_pack_nil(packer);
        break;
    case 1:
        msgpack_pack_double(packer, 0.5);
        break;
    case 2:
        msgpack_pack_int64(packer, -(int64_t)input_byte(input) - 1);
        break;
    case 3:
        msgpack_pack_uint64(packer, input_number(input));
        break;
    case 4:
        msgpack_pack_true(packer);
        break;
    case 5:
        pack_text(packer, input_slice(input, input_below(input, 32)));
        break;
    case 6:
        n = input_below(input, 32);
        msgpack_pack_bin(packer, n);
        for (; n > 0; n--)
            msgpack_pack_bin_body(packer, "\xff", 1);
        break;
    case 7:
        msgpack_pack_ext(packer, 1, 5);
        msgpack_pack_ext_body(packer, "e", 1);
        break;
    case 8:
        msgpack_pack_map(packer, 1);
        pack_text(packer, PICK(input, texts));
        put_odd_in(packer, input, depth + 1);
        break;
    default:
        n = input_below(input, 3);
        msgpack_pack_array(packer, n);
        for (; n > 0; n--)
            put_odd_in(packer, input, depth + 1);
    }
}

static void put_odd(msgpack_packer *packer, struct input *input)
{
    put_odd_in(packer, input, 0);
}

static void put_ms(msgpack_packer *packer, struct input *input)
{
    static const uint64_t durations[] = {0,    1,     10,        100,        500,  1000,
                                         5000, 10000, 100000000, 1ULL << 53, 2000, 20000};
    msgpack_pack_uint64(packer, durations[input_below(input, 12)]);
}

/* A path, its segments, or what is none. */
static void put_path(msgpack_packer *packer, struct input *input)
{
    uint32_t form = input_byte(input);

    if (form < 240) {
        pack_text(packer, slice_of(paths[form % (sizeof paths / sizeof *paths)]));
    } else if (form < 248) {
        msgpack_pack_array(packer, 2);
        pack_text(packer, SLICE("a"));
        msgpack_pack_uint8(packer, form & 3);
    } else {
        put_odd(packer, input);
    }
}

/* An array of paths, or a map of models. */
static void put_keys(msgpack_packer *packer, struct input *input)
{
    uint32_t form = input_byte(input), n = 1 + (form & 3);

    if (form < 16) {
        msgpack_pack_map(packer, 1);
        pack_text(packer, PICK(input, paths));
    } else if (form == 255) {
        n = 40; /* too many for low limits */
    }
    msgpack_pack_array(packer, n);
    for (uint32_t i = 0; i < n; i++)
        put_path(packer, input);
}

/* Mostly that of an operation by this name. */
static uint64_t draw_token(const struct daemon *daemon, struct slice id, struct input *input)
{
    static const char *const namespaces[] = {"default", "other"};
    uint32_t form = input_byte(input);
    const struct op *op = core_find(daemon->server->core, slice_of(namespaces[form & 1]), id);

    if (form >= 224)
        return form - 224;
    return op == NULL ? 1 : op->token;
}

static const struct session *draw_session(const struct daemon *daemon, struct input *input)
{
    const struct fake_store *store = &daemon->store;

    if (store->n_sessions == 0)
        return NULL;
    return session_find(&daemon->server->sessions,
                        store->sessions[input_below(input, store->n_sessions)].id);
}

static void put_resume(msgpack_packer *packer, const struct daemon *daemon, struct input *input)
{
    const struct session *session = draw_session(daemon, input);
    struct slice secret = {session == NULL ? "none" : session->secret,
                           session == NULL ? 4 : SESSION_SECRET_SIZE};

    if (input_byte(input) >= 224)
        secret = PICK(input, texts);
    msgpack_pack_map(packer, 2);
    pack_text(packer, SLICE("session"));
    msgpack_pack_uint64(packer, session == NULL ? 1 : session->id);
    pack_text(packer, SLICE("secret"));
    pack_text(packer, secret);
}

static void put_states(msgpack_packer *packer, struct input *input)
{
    static const char *const states[] = {"waiting", "granted", "ended"};
    uint32_t which = 1 + input_below(input, 7);

    msgpack_pack_array(packer, (size_t)__builtin_popcount(which));
    for (uint32_t i = 0; i < 3; i++)
        if (which >> i & 1)
            pack_text(packer, slice_of(states[i]));
}

static void put_bool(msgpack_packer *packer, bool value)
{
    if (value)
        msgpack_pack_true(packer);
    else
        msgpack_pack_false(packer);
}

static void put_wait(msgpack_packer *packer, struct input *input)
{
    uint32_t form = input_byte(input);

    if (form & 1)
        put_ms(packer, input);
    else
        put_bool(packer, form & 2);
}

static void put_seq(msgpack_packer *packer, const struct daemon *daemon, struct input *input)
{
    uint64_t seq = server_seq(daemon->server), back = input_byte(input);

    msgpack_pack_uint64(packer, back > 250 ? seq + 10 : seq > back ? seq - back : 0);
}

static void put_value(struct say *say, const struct daemon *daemon, enum wire_field field,
                      struct slice id, struct input *input)
{
    msgpack_packer *packer = &say->packer;

    switch (field) {
    case FIELD_OP:
        pack_text(packer, id);
        break;
    case FIELD_PARENT:
        pack_text(packer, PICK(input, ids));
        break;
    case FIELD_TOKEN:
    case FIELD_PARENT_TOKEN:
        msgpack_pack_uint64(
            packer, draw_token(daemon, field == FIELD_TOKEN ? id : PICK(input, ids), input));
        break;
    case FIELD_KEYS:
    case FIELD_SHARED:
        put_keys(packer, input);
        break;
    case FIELD_KEY:
    case FIELD_AFTER_KEY:
        put_path(packer, input);
        break;
    case FIELD_WAIT:
        put_wait(packer, input);
        break;
    case FIELD_GRACE:
    case FIELD_LEASE:
    case FIELD_CLAIM_IN:
    case FIELD_TIMEOUT:
    case FIELD_MAX_HOLD:
        put_ms(packer, input);
        break;
    case FIELD_RESUME:
        put_resume(packer, daemon, input);
        break;
    case FIELD_STATE:
        put_states(packer, input);
        break;
    case FIELD_UNCHANGED_SINCE:
    case FIELD_SINCE:
    case FIELD_AFTER:
        put_seq(packer, daemon, input);
        break;
    case FIELD_PROTOCOL:
    case FIELD_LIMIT:
        msgpack_pack_uint8(packer, 1 + input_below(input, 4));
        break;
    case FIELD_META:
    case FIELD_PAYLOAD:
        put_odd(packer, input);
        break;
    case FIELD_ON_CHANGE:
        pack_text(packer, input_bool(input) ? SLICE("tell") : SLICE("end"));
        break;
    case FIELD_NAMESPACE:
        pack_text(packer, input_bool(input) ? SLICE("other") : SLICE("default"));
        break;
    case FIELD_MINE:
    case FIELD_CLAIMED:
    case FIELD_PASS:
    case FIELD_TIE:
    case FIELD_UNCHANGED:
    case FIELD_GRANTS:
    case FIELD_ENDS:
    case FIELD_CONTENDED:
    case FIELD_ON:
        put_bool(packer, input_bool(input));
        break;
    default:
        pack_text(packer, PICK(input, texts));
    }
}

/* Those that the method needs and some that it takes; `pass` brings what it needs itself. */
static uint64_t draw_fields(enum wire_method method, struct input *input)
{
    uint64_t given = fields[method].needs, takes = fields[method].takes;
    uint32_t which = input_byte(input);

    if (__builtin_popcountll(takes) > 8)
        which |= (uint32_t)input_byte(input) << 8;
    for (; takes != 0; takes &= takes - 1, which >>= 1)
        if (which & 1)
            given |= takes & -takes;
    if (given & F(PASS))
        given |= F(WAIT) | F(MAX_HOLD);
    return given;
}

void say_drawn(struct daemon *daemon, struct line *line, struct input *input)
{
    enum wire_method method = methods[input_byte(input) % sizeof methods];
    uint64_t given = draw_fields(method, input);
    uint32_t odd = input_byte(input);
    struct slice id = PICK(input, ids);
    struct say say;

    if (!say_begin(&say, daemon, line, method))
        return;
    for (; given != 0; given &= given - 1) {
        enum wire_field field = (enum wire_field)__builtin_ctzll(given);
        say_field(&say, wire_field_names[field]);
        if (odd > 248 && odd - 248 == say.n_fields)
            put_odd(&say.packer, input);
        else
            put_value(&say, daemon, field, id, input);
    }
    if (odd > 244 && odd <= 248) {
        say_field(&say, odd == 245 ? "no such field" : wire_field_names[FIELD_OP + odd - 246]);
        put_odd(&say.packer, input);
    }
    say_end(&say);
}
