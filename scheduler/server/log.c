#include "server/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

const char *const log_level_names[] = {"error", "warn", "info", "debug"};

static enum log_level level_shown = LOG_INFO;

void log_set_level(enum log_level level)
{
    level_shown = level;
}

struct line {
    char text[LINE_MAX_BYTES];
    size_t n;
};

/* Room is kept for the newline; what does not fit is dropped. */
static void add(struct line *line, const char *bytes, size_t n)
{
    size_t room = sizeof line->text - 1 - line->n;

    n = n < room ? n : room;
    memcpy(line->text + line->n, bytes, n);
    line->n += n;
}

static void add_text(struct line *line, const char *text)
{
    add(line, text, strlen(text));
}

static void add_time(struct line *line)
{
    struct timespec now;
    struct tm parts;
    char text[40];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(text, sizeof text, "time=%Y-%m-%dT%H:%M:%S", &parts);
    add_text(line, text);
    snprintf(text, sizeof text, ".%03dZ ", (int)(now.tv_nsec / 1000000));
    add_text(line, text);
}

static bool is_plain(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == '"' || *at == '\\' || *at == '=' || *at == 0x7f)
            return false;
    return *value != '\0';
}

static void add_value(struct line *line, const char *value)
{
    if (is_plain(value)) {
        add_text(line, value);
        return;
    }
    add_text(line, "\"");
    for (const char *at = value; *at != '\0'; at++) {
        char escaped[8];
        if (*at == '"' || *at == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *at);
        else if ((unsigned char)*at < ' ' || *at == 0x7f)
            snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)*at);
        else
            snprintf(escaped, sizeof escaped, "%c", *at);
        add_text(line, escaped);
    }
    add_text(line, "\"");
}

void log_event(enum log_level level, const char *event, ...)
{
    struct line line = {.n = 0};
    const char *key;
    va_list pairs;

    if (level > level_shown)
        return;
    add_time(&line);
    add_text(&line, "level=");
    add_text(&line, log_level_names[level]);
    add_text(&line, " event=");
    add_value(&line, event);
    va_start(pairs, event);
    while ((key = va_arg(pairs, const char *)) != NULL) {
        add_text(&line, " ");
        add_text(&line, key);
        add_text(&line, "=");
        add_value(&line, va_arg(pairs, const char *));
    }
    va_end(pairs);
    line.text[line.n++] = '\n';
    /* One write a line: lines of several writers do not mix. Nobody can be told when it fails. */
    if (write(STDERR_FILENO, line.text, line.n) < 0)
        return;
}
