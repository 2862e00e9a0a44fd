#include "judge.h"

#include <stdio.h>
#include <stdlib.h>

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "judge: line %d: does not hold: %s\n", __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The next character of UTF-8 text; the bytes must be the ones that encode it. */
static uint32_t next_character(struct slice *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)text->at[0];
    uint32_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t character = n == 1 ? first : first & (0x7fu >> n);

    HOLDS(first < 0x80 || (first >= 0xc0 && first < 0xf8));
    HOLDS(n <= text->n);
    for (uint32_t i = 1; i < n; i++) {
        HOLDS((text->at[i] & 0xc0) == 0x80);
        character = character << 6 | (text->at[i] & 0x3f);
    }
    HOLDS(character >= least[n] && character <= 0x10ffff);
    HOLDS(character < 0xd800 || character > 0xdfff);
    *text = (struct slice){text->at + n, text->n - n};
    return character;
}

static void judge_text(struct slice text, uint64_t most)
{
    HOLDS(text.n <= most);
    while (text.n > 0)
        next_character(&text);
}

static void judge_printable(struct slice text)
{
    while (text.n > 0) {
        uint32_t character = next_character(&text);
        HOLDS(character >= 0x20 && (character < 0x7f || character > 0x9f));
    }
}

static void judge_path(struct slice path, const struct wire_limits *limits)
{
    uint32_t segments = path.n > 0, in_segment = 0;

    judge_text(path, limits->path);
    for (uint32_t i = 0; i < path.n; i++) {
        if (path.at[i] == '/') {
            HOLDS(in_segment > 0);
            in_segment = 0;
            segments++;
            continue;
        }
        in_segment++;
        if (path.at[i] == '%')
            HOLDS(i + 2 < path.n &&
                  (memcmp(path.at + i, "%2F", 3) == 0 || memcmp(path.at + i, "%25", 3) == 0));
    }
    HOLDS(path.n == 0 || in_segment > 0);
    HOLDS(segments <= limits->segments);
}

static void judge_keys(const struct request *request, const struct wire_limits *limits)
{
    bool checks = request->method == METHOD_CHECK;
    uint64_t bytes = 0;

    HOLDS(request->n_keys <= (checks ? limits->keys_per_check : limits->keys));
    for (uint32_t i = 0; i < request->n_keys; i++) {
        judge_path(request->keys[i].path, limits);
        bytes += request->keys[i].path.n;
        HOLDS(!checks || !request->keys[i].shared);
    }
    HOLDS(bytes <= limits->key_text);
    judge_path(request->key, limits);
    judge_path(request->after_key, limits);
}

static void judge_texts(const struct request *request, const struct wire_limits *limits)
{
    judge_text(request->op, 128);
    judge_text(request->parent, 128);
    judge_text(request->ns, 128);
    judge_text(request->secret, UINT32_MAX);
    judge_text(request->client, limits->text);
    judge_text(request->who, limits->text);
    judge_text(request->why, limits->text);
    judge_text(request->progress, limits->text);
    judge_text(request->outcome, limits->text);
    HOLDS(request->meta.n <= limits->meta && request->payload.n <= limits->payload);
    HOLDS((request->meta.at == NULL) == (request->meta.n == 0));
    HOLDS((request->payload.at == NULL) == (request->payload.n == 0));
}

static bool is_ms(int64_t ms)
{
    return ms == WIRE_FOREVER || (ms >= 0 && ms <= INT64_C(1) << 53);
}

static void judge_numbers(const struct request *request, const struct wire_limits *limits)
{
    HOLDS(request->grace_ms >= -1 && request->grace_ms <= (int64_t)limits->grace_max);
    HOLDS(is_ms(request->wait_ms) && is_ms(request->claim_in_ms) && is_ms(request->timeout_ms));
    HOLDS(request->detached == (request->lease_ms != -1));
    HOLDS(!request->detached || request->lease_ms == WIRE_FOREVER ||
          ((uint64_t)request->lease_ms >= limits->lease_min &&
           (uint64_t)request->lease_ms <= limits->lease_max));
    HOLDS(request->max_hold_ms >= 0 && is_ms(request->max_hold_ms));
    HOLDS(request->limit >= 1 && request->limit <= 1000);
    HOLDS(request->states >= 1 && request->states <= 7);
    HOLDS(request->protocol >= 1);
}

enum keys_rule { NO_KEYS, SOME_KEYS, KEYS_OR_NONE };

/* What a method has whenever it is right; of a submit the id may be missing. */
static const struct presence {
    bool op, token, why;
    enum keys_rule keys;
} presences[METHOD_COUNT] = {
    [METHOD_SUBMIT] = {.keys = SOME_KEYS},
    [METHOD_ACQUIRE] = {.keys = SOME_KEYS},
    [METHOD_PLAN] = {.keys = SOME_KEYS},
    [METHOD_CHECK] = {.keys = SOME_KEYS},
    [METHOD_EXTEND] = {.op = true, .token = true, .keys = SOME_KEYS},
    [METHOD_RELEASE] = {.op = true, .keys = KEYS_OR_NONE},
    [METHOD_RENEW] = {.op = true, .token = true},
    [METHOD_VERIFY] = {.op = true, .token = true},
    [METHOD_WAIT] = {.op = true},
    [METHOD_CLAIM] = {.op = true},
    [METHOD_CANCEL] = {.op = true},
    [METHOD_STATUS] = {.op = true},
    [METHOD_EXPLAIN] = {.op = true},
    [METHOD_KILL] = {.op = true, .why = true},
};

static bool has_only_digits(struct slice text)
{
    for (uint32_t i = 0; i < text.n; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.n > 0;
}

static void judge_submit(const struct request *request)
{
    HOLDS(!has_only_digits(request->op));
    HOLDS(request->claim_in_ms == WIRE_FOREVER || request->detached);
    HOLDS(request->parent_token == 0 || request->parent.n > 0);
    HOLDS(!request->on_change_tells || request_has(request, FIELD_UNCHANGED_SINCE));
    HOLDS(!request->passes ||
          (request->wait_ms == 0 && request->max_hold_ms > 0 && request->max_hold_ms <= 10000));
}

/* Methods that are about an operation have one; those that take keys have some. */
static void judge_presence(const struct request *request)
{
    const struct presence *presence = &presences[request->method];

    if (request->method == METHOD_SUBMIT || request->method == METHOD_ACQUIRE ||
        request->method == METHOD_PLAN)
        judge_submit(request);
    else
        HOLDS((request->op.n > 0) == presence->op);
    HOLDS((request->token != 0) == request_has(request, FIELD_TOKEN));
    HOLDS(!presence->token || request->token != 0);
    HOLDS(!presence->why || request->why.at != NULL);
    HOLDS(request->n_keys == 0 || presence->keys != NO_KEYS);
    HOLDS(request->n_keys > 0 || presence->keys != SOME_KEYS);
    HOLDS(request->n_keys > 0 || !request_has(request, FIELD_KEYS) ||
          request_has(request, FIELD_SHARED));
}

void judge_request(const struct request *request, const struct request_result *result,
                   const struct wire_limits *limits)
{
    HOLDS(memchr(result->sentence, '\0', sizeof result->sentence) != NULL);
    judge_printable(slice_of(result->sentence));
    switch (result->kind) {
    case REQUEST_OK:
        HOLDS(request->id < 4294967295u && request->method < METHOD_COUNT);
        judge_keys(request, limits);
        judge_texts(request, limits);
        judge_numbers(request, limits);
        judge_presence(request);
        break;
    case REQUEST_ERROR:
        HOLDS(request->id < 4294967295u);
        HOLDS(result->status == LOCKQ_BAD_REQUEST || result->status == LOCKQ_UNKNOWN_METHOD ||
              result->status == LOCKQ_OVER_LIMIT);
        HOLDS(result->sentence[0] != '\0');
        break;
    case REQUEST_BROKEN:
        HOLDS(result->status == LOCKQ_PARSE && result->sentence[0] != '\0');
        break;
    case REQUEST_NOTIFICATION:
        break;
    }
}
