#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

bool text_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char *unit;
    long long number;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    number = strtoll(text, &unit, 10);
    for (size_t i = 0; errno == 0 && i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0)
            return !__builtin_mul_overflow((int64_t)number, units[i].ms, ms);
    return false;
}

bool text_token(const char *text, uint64_t *token)
{
    char *end;

    errno = 0;
    *token = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *token > 0;
}

void text_age(int64_t ms, char *to, size_t size)
{
    int64_t s = ms / 1000;

    if (ms < 1000)
        snprintf(to, size, "%" PRId64 " ms", ms < 0 ? 0 : ms);
    else if (s < 60)
        snprintf(to, size, "%" PRId64 " s", s);
    else if (s < 3600)
        snprintf(to, size, "%" PRId64 " m %" PRId64 " s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(to, size, "%" PRId64 " h %" PRId64 " m", s / 3600, s / 60 % 60);
    else
        snprintf(to, size, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
}

/* The bytes of the next character; 0: it is none that may be shown. C1 control characters hide in
 * two bytes. */
static size_t shown(const char *bytes, size_t n)
{
    wchar_t c;
    mbstate_t state = {0};
    size_t size = mbrtowc(&c, bytes, n, &state);

    if (size == (size_t)-1 || size == (size_t)-2 || size == 0 || c < 0x20 ||
        (c >= 0x7f && c < 0xa0))
        return 0;
    return size;
}

char *text_escape(const char *bytes, size_t n)
{
    char *to = malloc(n * 4 + 1), *at = to;

    if (to == NULL)
        abort();
    while (n > 0) {
        size_t size = shown(bytes, n);
        if (size == 0) {
            at += sprintf(at, "\\x%02x", (unsigned char)*bytes);
            size = 1;
        } else {
            memcpy(at, bytes, size);
            at += size;
        }
        bytes += size;
        n -= size;
    }
    *at = '\0';
    return to;
}

size_t text_width(const char *text)
{
    size_t width = 0, n = strlen(text);

    while (n > 0) {
        wchar_t c;
        mbstate_t state = {0};
        size_t size = mbrtowc(&c, text, n, &state);
        int columns;
        if (size == (size_t)-1 || size == (size_t)-2 || size == 0) {
            size = 1;
            c = L'?';
        }
        columns = wcwidth(c);
        width += columns > 0 ? (size_t)columns : 0;
        text += size;
        n -= size;
    }
    return width;
}

char *text_cut(const char *text, size_t width)
{
    const char *sign = MB_CUR_MAX > 1 ? "\u2026" : "~";
    size_t n = strlen(text);
    char *cut = malloc(n + strlen(sign) + 1);

    if (cut == NULL)
        abort();
    strcpy(cut, text);
    if (width == 0 || text_width(text) <= width)
        return cut;
    while (n > 0 && text_width(cut) >= width) {
        do
            n--;
        while (n > 0 && ((unsigned char)cut[n] & 0xc0) == 0x80);
        cut[n] = '\0';
    }
    return strcat(cut, sign);
}

size_t text_terminal_width(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
