#include "wire/sentence.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

bool sentence_put(struct reading *reading, enum lockq_status status, const char *format, ...)
{
    struct request_result *result = reading->result;
    va_list arguments;

    result->kind = REQUEST_ERROR;
    result->status = status;
    va_start(arguments, format);
    vsnprintf(result->sentence, sizeof result->sentence, format, arguments);
    va_end(arguments);
    return false;
}

bool sentence_field(struct reading *reading, const char *what)
{
    return sentence_put(reading, LOCKQ_BAD_REQUEST, "field '%s' %s", reading->name, what);
}

static bool put_limit(struct reading *reading, const char *side, struct limit limit)
{
    if (limit.name == NULL)
        return sentence_put(reading, LOCKQ_OVER_LIMIT,
                            "field '%s' is %s the limit of %" PRIu64 "%s", reading->name, side,
                            limit.value, limit.unit);
    return sentence_put(reading, LOCKQ_OVER_LIMIT,
                        "field '%s' is %s the limit '%s' of %" PRIu64 "%s", reading->name, side,
                        limit.name, limit.value, limit.unit);
}

bool sentence_over(struct reading *reading, struct limit limit)
{
    return put_limit(reading, "over", limit);
}

bool sentence_below(struct reading *reading, struct limit limit)
{
    return put_limit(reading, "below", limit);
}

/* The size of the character at the start of `text` that can be shown as it is; 0: it cannot. */
static uint32_t printable(struct slice text)
{
    unsigned char first = (unsigned char)text.at[0];

    if (first < 0x80)
        return first >= 0x20 && first != 0x7f && first != '\\';
    for (uint32_t n = 2; n <= 4 && n <= text.n; n++) {
        if (!text_is_utf8((struct slice){text.at, n}))
            continue;
        /* U+0080 .. U+009F are control characters too. */
        return first == 0xc2 && (unsigned char)text.at[1] < 0xa0 ? 0 : n;
    }
    return 0;
}

struct shown sentence_show(struct slice text)
{
    struct shown shown;
    size_t end = 0;

    while (text.n > 0) {
        uint32_t n = printable(text), size = n > 0 ? n : 4;
        if (end + size > SHOWN_MAX)
            break;
        if (n > 0)
            memcpy(shown.text + end, text.at, n);
        else
            snprintf(shown.text + end, 5, "\\x%02x", (unsigned char)text.at[0]);
        end += size;
        n = n > 0 ? n : 1;
        text = (struct slice){text.at + n, text.n - n};
    }
    strcpy(shown.text + end, text.n > 0 ? "..." : "");
    return shown;
}
