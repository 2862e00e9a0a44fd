#include "wire/fields.h"

#include <stddef.h>

#include "wire/keys.h"
#include "wire/sentence.h"

/* Beyond it numbers lose their value in clients that know only doubles. */
#define MS_MAX        (UINT64_C(1) << 53)
#define OP_BYTES_MAX  128
#define NAMESPACE_MAX 128
#define LIST_MAX      1000
#define SEQ_MAX       ((uint64_t)INT64_MAX)
/* No grant has it. Stands for a 0 that was sent, which is not a token that was left out. */
#define TOKEN_OF_NOBODY UINT64_MAX

/* A bound of a number, or of a size in bytes: part of the protocol, or a configured limit. */
struct bound {
    uint64_t fixed;
    const char *name; /* in hello's `limits`; NULL: fixed */
    size_t limit;     /* where it stands in struct wire_limits */
};

#define FIXED(n) ((struct bound){.fixed = (n)})
#define CONFIGURED(called, place)                                                                  \
    ((struct bound){.name = #called, .limit = offsetof(struct wire_limits, place)})
/* Bounds that no value can leave, or that the reader itself knows. */
#define ANY       FIXED(0), FIXED(UINT64_MAX)
#define AT(place) offsetof(struct request, place)

struct field_rule {
    bool (*read)(struct reading *reading, const struct field_rule *rule);
    size_t member; /* where it goes in struct request */
    struct bound least, most;
};

/* --- bounds ----------------------------------------------------------------------------------- */

static struct limit find_limit(const struct reading *reading, const struct bound *bound,
                               const char *unit)
{
    const char *limits = (const char *)&reading->parser->limits;

    if (bound->name == NULL)
        return (struct limit){NULL, bound->fixed, unit};
    return (struct limit){bound->name, *(const uint64_t *)(const void *)(limits + bound->limit),
                          unit};
}

static bool check_bounds(struct reading *reading, const struct field_rule *rule, uint64_t number,
                         const char *unit)
{
    struct limit least = find_limit(reading, &rule->least, unit);
    struct limit most = find_limit(reading, &rule->most, unit);

    if (number < least.value)
        return sentence_below(reading, least);
    if (number > most.value)
        return sentence_over(reading, most);
    return true;
}

static void *member(struct reading *reading, const struct field_rule *rule)
{
    return (char *)reading->request + rule->member;
}

/* --- one function for each kind of value ------------------------------------------------------ */

static bool read_bool(struct reading *reading, const struct field_rule *rule)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type != VALUE_BOOL)
        return sentence_field(reading, "must be true or false");
    *(bool *)member(reading, rule) = value.boolean;
    return true;
}

static bool read_number(struct reading *reading, const struct field_rule *rule)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type != VALUE_UINT)
        return sentence_field(reading, "must be a whole number, not negative");
    if (!check_bounds(reading, rule, value.uint, ""))
        return false;
    *(uint64_t *)member(reading, rule) = value.uint;
    return true;
}

static bool read_token(struct reading *reading, const struct field_rule *rule)
{
    uint64_t *token = member(reading, rule);

    if (!read_number(reading, rule))
        return false;
    if (*token == 0)
        *token = TOKEN_OF_NOBODY;
    return true;
}

static bool put_ms(struct reading *reading, const struct field_rule *rule, uint64_t ms)
{
    if (!check_bounds(reading, rule, ms, " ms"))
        return false;
    *(int64_t *)member(reading, rule) = (int64_t)ms;
    return true;
}

static bool read_ms(struct reading *reading, const struct field_rule *rule)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type != VALUE_UINT)
        return sentence_field(reading, "must be milliseconds, a whole number, not negative");
    return put_ms(reading, rule, value.uint);
}

static bool read_wait(struct reading *reading, const struct field_rule *rule)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type == VALUE_UINT)
        return put_ms(reading, rule, value.uint);
    if (value.type != VALUE_BOOL)
        return sentence_field(reading, "must be true, false or milliseconds");
    reading->request->wait_ms = value.boolean ? WIRE_FOREVER : 0;
    return true;
}

static bool read_lease(struct reading *reading, const struct field_rule *rule)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type != VALUE_UINT)
        return sentence_field(reading, "must be milliseconds, or 0 for until released");
    reading->request->detached = true;
    reading->request->lease_ms = WIRE_FOREVER;
    return value.uint == 0 || put_ms(reading, rule, value.uint);
}

static bool check_utf8(struct reading *reading, struct slice text)
{
    return text_is_utf8(text) || sentence_field(reading, "is not UTF-8");
}

/* Its size is checked before its bytes are looked at, so that a huge one costs nothing. */
static bool read_text(struct reading *reading, const struct field_rule *rule)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type != VALUE_TEXT)
        return sentence_field(reading, "must be text");
    *(struct slice *)member(reading, rule) = value.text;
    return check_bounds(reading, rule, value.text.n, " bytes") && check_utf8(reading, value.text);
}

static bool read_name(struct reading *reading, const struct field_rule *rule)
{
    const struct slice *name = member(reading, rule);

    return read_text(reading, rule) &&
           (name->n > 0 || sentence_field(reading, "must not be empty"));
}

static bool read_on_change(struct reading *reading, const struct field_rule *rule)
{
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type == VALUE_TEXT && slice_equal(value.text, SLICE("tell")))
        *(bool *)member(reading, rule) = true;
    else if (value.type != VALUE_TEXT || !slice_equal(value.text, SLICE("end")))
        return sentence_field(reading, "must be 'end' or 'tell'");
    return true;
}

static bool read_raw(struct reading *reading, const struct field_rule *rule)
{
    struct slice *span = member(reading, rule);

    cursor_skip(&reading->cursor, span);
    return check_bounds(reading, rule, span->n, " bytes");
}

static bool read_keys(struct reading *reading, const struct field_rule *rule)
{
    (void)rule;
    return keys_read(reading, false);
}

static bool read_shared(struct reading *reading, const struct field_rule *rule)
{
    (void)rule;
    return keys_read(reading, true);
}

static bool read_key(struct reading *reading, const struct field_rule *rule)
{
    return keys_read_one(reading, member(reading, rule));
}

static bool read_state_name(struct reading *reading, uint32_t *states)
{
    static const struct slice names[] = {SLICE("waiting"), SLICE("granted"), SLICE("ended")};
    struct value value;

    cursor_read(&reading->cursor, &value);
    if (value.type != VALUE_TEXT)
        return false;
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equal(value.text, names[i])) {
            *states |= 1u << i;
            return true;
        }
    }
    return false;
}

static bool read_states(struct reading *reading, const struct field_rule *rule)
{
    uint32_t *states = member(reading, rule);
    struct value value;
    bool known;

    cursor_read(&reading->cursor, &value);
    known = value.type == VALUE_ARRAY && value.count > 0;
    *states = 0;
    for (uint32_t i = 0; known && i < value.count; i++)
        known = read_state_name(reading, states);
    return known || sentence_field(reading, "must be an array of 'waiting', 'granted' and 'ended'");
}

/* One entry of `resume`; the errors name it with the field that it is in. */
static bool read_resume_entry(struct reading *reading, bool *has_session, bool *has_secret)
{
    static const struct field_rule session = {read_number, AT(session), ANY};
    static const struct field_rule secret = {read_text, AT(secret), ANY};
    struct value name;
    bool *has;

    cursor_read(&reading->cursor, &name);
    if (name.type == VALUE_TEXT && slice_equal(name.text, SLICE("session"))) {
        reading->name = "resume.session";
        has = has_session;
    } else if (name.type == VALUE_TEXT && slice_equal(name.text, SLICE("secret"))) {
        reading->name = "resume.secret";
        has = has_secret;
    } else if (name.type == VALUE_TEXT) {
        return sentence_put(reading, LOCKQ_BAD_REQUEST, "field 'resume.%s' is unknown to hello",
                            sentence_show(name.text).text);
    } else {
        return sentence_field(reading, "has an entry whose name is not text");
    }
    if (*has)
        return sentence_field(reading, "is given twice");
    *has = true;
    return has == has_session ? read_number(reading, &session) : read_text(reading, &secret);
}

static bool read_resume(struct reading *reading, const struct field_rule *rule)
{
    struct value value;
    bool has_session = false, has_secret = false;

    (void)rule;
    cursor_read(&reading->cursor, &value);
    if (value.type != VALUE_MAP)
        return sentence_field(reading, "must be a map of 'session' and 'secret'");
    for (; value.count > 0; value.count--) {
        reading->name = wire_field_names[FIELD_RESUME];
        if (!read_resume_entry(reading, &has_session, &has_secret))
            return false;
    }
    reading->name = has_session ? "resume.secret" : "resume.session";
    return (has_session && has_secret) || sentence_field(reading, "is missing");
}

/* --- the table -------------------------------------------------------------------------------- */

#define A_TEXT       FIXED(0), CONFIGURED(text, text)
#define UNLIMITED_MS FIXED(0), FIXED(MS_MAX)

static const struct field_rule rules[FIELD_COUNT] = {
    [FIELD_PROTOCOL] = {read_number, AT(protocol), FIXED(1), FIXED(UINT64_MAX)},
    [FIELD_CLIENT] = {read_text, AT(client), A_TEXT},
    [FIELD_NAMESPACE] = {read_name, AT(ns), FIXED(0), FIXED(NAMESPACE_MAX)},
    [FIELD_GRACE] = {read_ms, AT(grace_ms), FIXED(0), CONFIGURED(grace, grace_max)},
    [FIELD_RESUME] = {read_resume, 0, ANY},
    [FIELD_OP] = {read_name, AT(op), FIXED(0), FIXED(OP_BYTES_MAX)},
    [FIELD_TOKEN] = {read_token, AT(token), ANY},
    [FIELD_KEYS] = {read_keys, 0, ANY},
    [FIELD_SHARED] = {read_shared, 0, ANY},
    [FIELD_WAIT] = {read_wait, AT(wait_ms), UNLIMITED_MS},
    [FIELD_LEASE] = {read_lease, AT(lease_ms), CONFIGURED(lease_min, lease_min),
                     CONFIGURED(lease_max, lease_max)},
    [FIELD_CLAIM_IN] = {read_ms, AT(claim_in_ms), UNLIMITED_MS},
    [FIELD_WHO] = {read_text, AT(who), A_TEXT},
    [FIELD_WHY] = {read_text, AT(why), A_TEXT},
    [FIELD_META] = {read_raw, AT(meta), FIXED(0), CONFIGURED(meta, meta)},
    [FIELD_PAYLOAD] = {read_raw, AT(payload), FIXED(0), CONFIGURED(payload, payload)},
    [FIELD_TIMEOUT] = {read_ms, AT(timeout_ms), UNLIMITED_MS},
    [FIELD_PROGRESS] = {read_text, AT(progress), A_TEXT},
    [FIELD_OUTCOME] = {read_text, AT(outcome), A_TEXT},
    [FIELD_AFTER_KEY] = {read_key, AT(after_key), ANY},
    [FIELD_STATE] = {read_states, AT(states), ANY},
    [FIELD_KEY] = {read_key, AT(key), ANY},
    [FIELD_MINE] = {read_bool, AT(mine), ANY},
    [FIELD_CLAIMED] = {read_bool, AT(claimed), ANY},
    [FIELD_AFTER] = {read_number, AT(after), ANY},
    [FIELD_LIMIT] = {read_number, AT(limit), FIXED(1), FIXED(LIST_MAX)},
    [FIELD_PARENT] = {read_name, AT(parent), FIXED(0), FIXED(OP_BYTES_MAX)},
    [FIELD_PARENT_TOKEN] = {read_token, AT(parent_token), ANY},
    [FIELD_UNCHANGED_SINCE] = {read_number, AT(unchanged_since), FIXED(0), FIXED(SEQ_MAX)},
    [FIELD_ON_CHANGE] = {read_on_change, AT(on_change_tells), ANY},
    [FIELD_MAX_HOLD] = {read_ms, AT(max_hold_ms), FIXED(1), CONFIGURED(lease_max, lease_max)},
    [FIELD_PASS] = {read_bool, AT(passes), ANY},
    [FIELD_TIE] = {read_bool, AT(ties), ANY},
    [FIELD_UNCHANGED] = {read_bool, AT(unchanged), ANY},
    [FIELD_GRANTS] = {read_bool, AT(grants), ANY},
    [FIELD_ENDS] = {read_bool, AT(ends), ANY},
    [FIELD_CONTENDED] = {read_bool, AT(contended), ANY},
    [FIELD_ON] = {read_bool, AT(on), ANY},
    [FIELD_SINCE] = {read_number, AT(since), FIXED(0), FIXED(SEQ_MAX)},
};

static const struct slice names[FIELD_COUNT] = {
#define FIELD_SLICE(name, wire) [FIELD_##name] = {wire, sizeof(wire) - 1},
    WIRE_FIELD_LIST(FIELD_SLICE)
#undef FIELD_SLICE
};

enum wire_field field_find(uint64_t among, struct slice name)
{
    for (; among != 0; among &= among - 1) {
        enum wire_field field = (enum wire_field)__builtin_ctzll(among);
        if (slice_equal(names[field], name))
            return field;
    }
    return FIELD_COUNT;
}

bool field_read(struct reading *reading, enum wire_field field)
{
    reading->name = wire_field_names[field];
    return rules[field].read(reading, &rules[field]);
}
