#include "wire/request.h"

#include <stdio.h>

#include "wire/fields.h"
#include "wire/sentence.h"

#define REQUEST          0
#define NOTIFICATION     2
#define ID_OF_NO_REQUEST 4294967295u
#define LIST_USUAL       100

/* --- which fields a method takes -------------------------------------------------------------- */

#define F(name) FIELD_BIT(name)
#define SUBMITS                                                                                    \
    (F(KEYS) | F(SHARED) | F(OP) | F(WAIT) | F(LEASE) | F(CLAIM_IN) | F(WHO) | F(WHY) | F(META) |  \
     F(PAYLOAD) | F(PARENT) | F(PARENT_TOKEN) | F(UNCHANGED_SINCE) | F(ON_CHANGE) | F(MAX_HOLD) |  \
     F(PASS))
#define PASS_HOLD_MAX_MS 10000 /* of one that passes those who wait */

struct method_rule {
    uint64_t needs, takes; /* FIELD_BITs; what it needs it takes */
};

static const struct method_rule rules[METHOD_COUNT] = {
    [METHOD_HELLO] = {0, F(PROTOCOL) | F(CLIENT) | F(NAMESPACE) | F(GRACE) | F(RESUME)},
    [METHOD_SUBMIT] = {0, SUBMITS},
    [METHOD_ACQUIRE] = {0, SUBMITS},
    [METHOD_WAIT] = {F(OP), F(TIMEOUT)},
    [METHOD_CLAIM] = {F(OP), F(TIE)},
    [METHOD_RENEW] = {F(OP) | F(TOKEN), F(LEASE) | F(PROGRESS)},
    [METHOD_EXTEND] = {F(OP) | F(TOKEN), F(KEYS) | F(SHARED)},
    [METHOD_RELEASE] = {F(OP), F(TOKEN) | F(KEYS) | F(OUTCOME) | F(UNCHANGED)},
    [METHOD_CANCEL] = {F(OP), F(WHY)},
    [METHOD_VERIFY] = {F(OP) | F(TOKEN), 0},
    [METHOD_CHECK] = {F(KEYS), F(SINCE)},
    [METHOD_STATUS] = {F(OP), F(AFTER_KEY)},
    [METHOD_LIST] = {0, F(STATE) | F(WHO) | F(KEY) | F(MINE) | F(CLAIMED) | F(AFTER) | F(LIMIT)},
    [METHOD_EXPLAIN] = {F(OP), 0},
    [METHOD_PLAN] = {0, SUBMITS},
    [METHOD_SUBSCRIBE] = {0, F(GRANTS) | F(ENDS) | F(CONTENDED)},
    [METHOD_UNSUBSCRIBE] = {0, 0},
    [METHOD_KILL] = {F(OP) | F(WHY), 0},
    [METHOD_DRAIN] = {F(ON), 0},
    [METHOD_STATS] = {0, 0},
    [METHOD_PING] = {0, 0},
};

/* --- the outer shape -------------------------------------------------------------------------- */

struct outer {
    enum request_kind kind;
    uint32_t id;
    struct slice method;
    uint32_t pairs; /* of params; they follow in the cursor */
};

static bool read_type(struct cursor *cursor, struct value *value, enum value_type type)
{
    return cursor_read(cursor, value) && value->type == type;
}

/* [0, id, method, [] or [map]], behind the 0. */
static enum request_kind read_request(struct cursor *cursor, struct outer *outer)
{
    struct value id, method, params, map = {0};

    if (!read_type(cursor, &id, VALUE_UINT) || id.uint >= ID_OF_NO_REQUEST ||
        !read_type(cursor, &method, VALUE_TEXT) || !read_type(cursor, &params, VALUE_ARRAY) ||
        params.count > 1 || (params.count == 1 && !read_type(cursor, &map, VALUE_MAP)))
        return REQUEST_BROKEN;
    outer->id = (uint32_t)id.uint;
    outer->method = method.text;
    outer->pairs = map.count;
    return REQUEST_OK;
}

/* [2, method, params], behind the 2. What the params are is nobody's business: other programs on
 * MessagePack-RPC notify in forms of their own. */
static enum request_kind read_notification(struct cursor *cursor)
{
    struct value value;

    if (!read_type(cursor, &value, VALUE_TEXT) || !read_type(cursor, &value, VALUE_ARRAY))
        return REQUEST_BROKEN;
    return REQUEST_NOTIFICATION;
}

static struct outer read_outer(struct cursor *cursor)
{
    struct outer outer = {.kind = REQUEST_BROKEN};
    struct value array, type;

    if (!read_type(cursor, &array, VALUE_ARRAY) || !read_type(cursor, &type, VALUE_UINT))
        return outer;
    if (array.count == 4 && type.uint == REQUEST)
        outer.kind = read_request(cursor, &outer);
    else if (array.count == 3 && type.uint == NOTIFICATION)
        outer.kind = read_notification(cursor);
    return outer;
}

/* --- the inner one ---------------------------------------------------------------------------- */

static bool find_method(struct reading *reading, struct slice name)
{
    static const struct slice names[METHOD_COUNT] = {
#define METHOD_SLICE(method, wire) [METHOD_##method] = {wire, sizeof(wire) - 1},
        WIRE_METHOD_LIST(METHOD_SLICE)
#undef METHOD_SLICE
    };

    for (int i = 0; i < METHOD_COUNT; i++) {
        if (slice_equal(names[i], name)) {
            reading->request->method = (enum wire_method)i;
            return true;
        }
    }
    return sentence_put(reading, text_is_utf8(name) ? LOCKQ_UNKNOWN_METHOD : LOCKQ_BAD_REQUEST,
                        text_is_utf8(name) ? "there is no method '%s'"
                                           : "the method's name '%s' is not UTF-8",
                        sentence_show(name).text);
}

static bool read_field(struct reading *reading)
{
    struct request *request = reading->request;
    const struct method_rule *rule = &rules[request->method];
    enum wire_field field;
    struct value name;

    cursor_read(&reading->cursor, &name);
    if (name.type != VALUE_TEXT)
        return sentence_put(reading, LOCKQ_BAD_REQUEST, "the name of a field must be text");
    field = field_find(rule->takes | rule->needs, name.text);
    if (field == FIELD_COUNT)
        return sentence_put(reading, LOCKQ_BAD_REQUEST, "field '%s' is unknown to %s",
                            sentence_show(name.text).text, wire_method_names[request->method]);
    reading->name = wire_field_names[field];
    if ((request->given & UINT64_C(1) << field) != 0)
        return sentence_field(reading, "is given twice");
    request->given |= UINT64_C(1) << field;
    return field_read(reading, field);
}

static bool is_digits(struct slice text)
{
    for (uint32_t i = 0; i < text.n; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.n > 0;
}

static bool names_a_key(struct reading *reading)
{
    return reading->request->n_keys > 0 ||
           sentence_put(reading, LOCKQ_BAD_REQUEST,
                        "fields 'keys' and 'shared' name no key at all");
}

/* A field that is given says nothing without another one. */
static bool check_needs(struct reading *reading, enum wire_field field, enum wire_field needed,
                        const char *sentence)
{
    const struct request *request = reading->request;

    if (!request_has(request, field) || request_has(request, needed))
        return true;
    reading->name = wire_field_names[field];
    return sentence_field(reading, sentence);
}

static bool check_pass(struct reading *reading)
{
    const struct request *request = reading->request;

    if (!request->passes)
        return true;
    reading->name = wire_field_names[FIELD_PASS];
    if (request->wait_ms != 0)
        return sentence_field(reading, "needs 'wait' to be false");
    return (request->max_hold_ms > 0 && request->max_hold_ms <= PASS_HOLD_MAX_MS) ||
           sentence_field(reading, "needs 'max_hold' of 10000 ms or less");
}

/* What the daemon itself gives as ids, a client must not. */
static bool check_submit(struct reading *reading)
{
    const struct request *request = reading->request;

    if (!names_a_key(reading))
        return false;
    reading->name = wire_field_names[FIELD_OP];
    if (is_digits(request->op))
        return sentence_field(reading, "must not be all digits");
    return check_needs(reading, FIELD_CLAIM_IN, FIELD_LEASE, "needs field 'lease'") &&
           check_needs(reading, FIELD_PARENT_TOKEN, FIELD_PARENT, "needs field 'parent'") &&
           check_needs(reading, FIELD_ON_CHANGE, FIELD_UNCHANGED_SINCE,
                       "needs field 'unchanged_since'") &&
           check_pass(reading);
}

/* What no field alone can tell. */
static bool check_fields(struct reading *reading)
{
    const struct request *request = reading->request;
    uint64_t missing = rules[request->method].needs & ~request->given;

    if (missing != 0) {
        reading->name = wire_field_names[__builtin_ctzll(missing)];
        return sentence_field(reading, "is missing");
    }
    switch (request->method) {
    case METHOD_SUBMIT:
    case METHOD_ACQUIRE:
    case METHOD_PLAN:
        return check_submit(reading);
    case METHOD_EXTEND:
        return names_a_key(reading);
    case METHOD_RELEASE:
        if (!request_has(request, FIELD_KEYS))
            return true;
        /* fall through */
    case METHOD_CHECK:
        reading->name = wire_field_names[FIELD_KEYS];
        return request->n_keys > 0 || sentence_field(reading, "names no key at all");
    default:
        return true;
    }
}

static void read_inner(struct reading *reading, const struct outer *outer)
{
    if (!find_method(reading, outer->method))
        return;
    for (uint32_t i = 0; i < outer->pairs; i++)
        if (!read_field(reading))
            return;
    check_fields(reading);
}

static void broken(struct request_result *result)
{
    result->status = LOCKQ_PARSE;
    snprintf(result->sentence, sizeof result->sentence, "%s",
             "the message is not [0, id, method, [map]]");
}

void request_parse(struct parser *parser, struct slice frame, struct request *request,
                   struct request_result *result)
{
    struct reading reading = {.parser = parser,
                              .cursor = {frame.at, frame.at + frame.n},
                              .request = request,
                              .result = result};
    struct outer outer = read_outer(&reading.cursor);

    *request = (struct request){.id = outer.id,
                                .method = METHOD_COUNT,
                                .protocol = 1,
                                .grace_ms = -1,
                                .wait_ms = WIRE_FOREVER,
                                .lease_ms = -1,
                                .claim_in_ms = WIRE_FOREVER,
                                .timeout_ms = WIRE_FOREVER,
                                .states = 1u << 0 | 1u << 1,
                                .limit = LIST_USUAL};
    result->kind = outer.kind;
    result->status = LOCKQ_OK;
    result->sentence[0] = '\0';
    parser_reset(parser);
    if (outer.kind == REQUEST_BROKEN)
        broken(result);
    else if (outer.kind == REQUEST_OK)
        read_inner(&reading, &outer);
}
