/*
 * The configuration file: lines of name = value, read one by one; what is wrong is told with its
 * line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/config.h"

static bool wrong(char *why, const char *what)
{
    snprintf(why, CONFIG_WHY_MAX, "%s", what);
    return false;
}

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (isspace((unsigned char)*text))
        text++;
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text;
}

#define SETTINGS_MAX 64 /* more than there are */

struct seen {
    char names[SETTINGS_MAX][32];
    int lines[SETTINGS_MAX];
    int n;
};

/* Its line; 0: it was not set. */
static int line_of(const struct seen *seen, const char *name)
{
    for (int i = 0; i < seen->n; i++)
        if (strcmp(seen->names[i], name) == 0)
            return seen->lines[i];
    return 0;
}

static bool is_doubled(struct seen *seen, const char *name, int line)
{
    if (strcmp(name, "listen") == 0)
        return false;
    if (line_of(seen, name) != 0)
        return true;
    if (seen->n < SETTINGS_MAX) {
        seen->lines[seen->n] = line;
        snprintf(seen->names[seen->n++], sizeof seen->names[0], "%s", name);
    }
    return false;
}

static bool read_line(struct config *config, char *line, int number, struct seen *seen, char *why)
{
    char *comment = strchr(line, '#'), *value, *name;

    if (comment != NULL)
        *comment = '\0';
    name = trim(line);
    if (*name == '\0')
        return true;
    value = strchr(name, '=');
    if (value == NULL)
        return wrong(why, "expected name = value");
    *value++ = '\0';
    name = trim(name);
    if (is_doubled(seen, name, number)) {
        snprintf(why, CONFIG_WHY_MAX, "%.64s is set twice", name);
        return false;
    }
    return config_set(config, name, trim(value), why);
}

/* Of two that contradict each other the later line is told. */
static bool fits_together(const struct config *config, const struct seen *seen, int *number,
                          char *why)
{
    int least = line_of(seen, "lease_min"), most = line_of(seen, "lease_max");

    if (config->limits.lease_min <= config->limits.lease_max)
        return true;
    *number = least > most ? least : most;
    return wrong(why, "lease_min must be at most lease_max");
}

/* Reads settings until one is wrong; `number` is then its line. */
static bool read_lines(struct config *config, FILE *in, int *number, char *why)
{
    struct seen seen = {.n = 0};
    char *line = NULL;
    size_t size = 0;
    bool is_right = true;

    for (ssize_t n; is_right && (n = getline(&line, &size, in)) >= 0;) {
        ++*number;
        if (strlen(line) == (size_t)n)
            is_right = read_line(config, line, *number, &seen, why);
        else
            is_right = wrong(why, "a line must be text, and a byte 0 is in it");
    }
    free(line);
    return is_right && fits_together(config, &seen, number, why);
}

bool config_read(struct config *config, const char *file, char *why)
{
    char reason[CONFIG_WHY_MAX];
    FILE *in = fopen(file, "re");
    int number = 0;
    bool is_read, is_right;

    if (in == NULL) {
        snprintf(why, CONFIG_WHY_MAX, "%s: %s", file, strerror(errno));
        return false;
    }
    is_right = read_lines(config, in, &number, reason);
    is_read = !is_right || feof(in); /* getline also ends where there is no memory */
    if (!is_read)
        snprintf(why, CONFIG_WHY_MAX, "%.200s: %s", file, strerror(errno));
    else if (!is_right)
        snprintf(why, CONFIG_WHY_MAX, "%.200s:%d: %.250s", file, number, reason);
    fclose(in);
    return is_read && is_right;
}
