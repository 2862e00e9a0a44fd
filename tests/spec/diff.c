#include "diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "play.h"

#define LINES_MAX 1000

struct text {
    char *copy;
    const char *lines[LINES_MAX];
    uint32_t n;
};

static void split(struct text *text, const char *from)
{
    text->copy = memory_alloc(strlen(from) + 1);
    strcpy(text->copy, from);
    text->n = 0;
    char *save = NULL;
    for (char *line = strtok_r(text->copy, "\n", &save); line != NULL && text->n < LINES_MAX;
         line = strtok_r(NULL, "\n", &save))
        text->lines[text->n++] = line;
}

/* common[i][j]: the longest common run of lines of a from i and b from j. */
static uint16_t *longest_common(const struct text *a, const struct text *b)
{
    uint32_t width = b->n + 1;
    uint16_t *common = memory_alloc_zeroed((size_t)(a->n + 1) * width, sizeof *common);
    for (uint32_t i = a->n; i-- > 0;) {
        for (uint32_t j = b->n; j-- > 0;) {
            uint16_t down = common[(i + 1) * width + j], right = common[i * width + j + 1];
            common[i * width + j] = strcmp(a->lines[i], b->lines[j]) == 0
                                        ? (uint16_t)(common[(i + 1) * width + j + 1] + 1)
                                        : (down > right ? down : right);
        }
    }
    return common;
}

void diff_print(const char *expected, const char *actual)
{
    struct text a, b;
    split(&a, expected);
    split(&b, actual);
    uint16_t *common = longest_common(&a, &b);
    uint32_t width = b.n + 1, i = 0, j = 0;
    print_error("--- the story as written\n+++ as it came out\n");
    while (i < a.n || j < b.n) {
        if (i < a.n && j < b.n && strcmp(a.lines[i], b.lines[j]) == 0) {
            print_error("  %s\n", a.lines[i]);
            i++;
            j++;
        } else if (i < a.n &&
                   (j == b.n || common[(i + 1) * width + j] >= common[i * width + j + 1]))
            print_error("- %s\n", a.lines[i++]);
        else
            print_error("+ %s\n", b.lines[j++]);
    }
    free(common);
    free(a.copy);
    free(b.copy);
}
