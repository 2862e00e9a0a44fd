#include <stdlib.h>

#include "base/memory.h"
#include "play.h"
#include "player.h"

void line_is_wrong(const char *why, const char *word)
{
    print_error("the story cannot be played: %s %s\n", why, word != NULL ? word : "");
    fail();
    abort();
}

char *line_take(struct line *line)
{
    return line->next < line->n ? line->words[line->next++] : NULL;
}

bool line_takes(struct line *line, const char *word)
{
    if (line->next == line->n || strcmp(line->words[line->next], word) != 0)
        return false;
    line->next++;
    return true;
}

int64_t line_number(struct line *line)
{
    char *word = line_take(line), *end = NULL;
    if (word == NULL)
        line_is_wrong("a number is missing", NULL);
    int64_t number = strtoll(word, &end, 10);
    if (*end != '\0')
        line_is_wrong("not a number:", word);
    return number;
}

struct slice line_slice(struct player *p, struct line *line)
{
    char *word = line_take(line);
    if (word == NULL)
        line_is_wrong("a word is missing", NULL);
    char *star = strchr(word, '*');
    if (star == NULL)
        return slice_of(word);
    uint32_t n = (uint32_t)strtoul(star + 1, NULL, 10);
    char *text = arena_alloc(&p->arena, n);
    memset(text, word[0], n);
    return (struct slice){text, n};
}

/* --- keys ----------------------------------------------------------------------------------- */

/* The mode at the end of the word, and how long the path before it is. */
static enum mode mode_of(const char *word, size_t *n)
{
    const char *colon = strrchr(word, ':');
    if (colon == NULL || (strcmp(colon, ":x") != 0 && strcmp(colon, ":s") != 0))
        return MODE_NONE;
    *n = (size_t)(colon - word);
    return colon[1] == 'x' ? MODE_X : MODE_S;
}

/* "k/1..1000" is k/1, k/2 and so on: how many keys, and where the number begins. */
static uint32_t range_of(const char *word, size_t n, size_t *digits)
{
    const char *dots = strstr(word, "..");
    if (dots == NULL || dots > word + n)
        return 1;
    *digits = (size_t)(dots - word);
    while (*digits > 0 && word[*digits - 1] != '/')
        --*digits;
    return (uint32_t)(strtoul(dots + 2, NULL, 10) - strtoul(word + *digits, NULL, 10) + 1);
}

static struct slice path_of(struct player *p, const char *word, size_t n, size_t digits,
                            uint32_t nth)
{
    if (n == 1 && word[0] == '/')
        return SLICE("");
    if (digits == 0)
        return arena_copy(&p->arena, (struct slice){word, (uint32_t)n});
    char *path = arena_alloc(&p->arena, digits + 12);
    memcpy(path, word, digits);
    int length = sprintf(path + digits, "%lu", strtoul(word + digits, NULL, 10) + nth);
    return (struct slice){path, (uint32_t)digits + (uint32_t)length};
}

static uint32_t count_keys(const struct line *line)
{
    size_t n, digits;
    uint32_t count = 0;
    for (uint32_t i = line->next; i < line->n && mode_of(line->words[i], &n) != MODE_NONE; i++)
        count += range_of(line->words[i], n, &digits);
    return count;
}

struct core_key *line_keys(struct player *p, struct line *line, uint32_t *n_keys)
{
    struct core_key *keys = arena_alloc(&p->arena, (count_keys(line) + 1) * sizeof *keys);
    enum mode mode;
    *n_keys = 0;
    for (size_t n;
         line->next < line->n && (mode = mode_of(line->words[line->next], &n)) != MODE_NONE;
         line->next++) {
        size_t digits = 0;
        uint32_t range = range_of(line->words[line->next], n, &digits);
        for (uint32_t i = 0; i < range; i++)
            keys[(*n_keys)++] =
                (struct core_key){path_of(p, line->words[line->next], n, digits, i), mode};
    }
    return keys;
}
