#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

#define GAP 2

void table_init(struct table *table, const char *const *headings, int n_columns)
{
    *table = (struct table){.headings = headings, .n_columns = n_columns};
}

void table_add(struct table *table, int column, const char *text)
{
    if (column == 0) {
        if (table->n_rows == table->cap_rows) {
            table->cap_rows = table->cap_rows == 0 ? 64 : table->cap_rows * 2;
            table->cells = realloc(table->cells, table->cap_rows * (size_t)table->n_columns *
                                                     sizeof *table->cells);
            if (table->cells == NULL)
                abort();
        }
        table->n_rows++;
    }
    table->cells[(table->n_rows - 1) * (size_t)table->n_columns + (size_t)column] = strdup(text);
}

/* Columns of the terminal; 0: standard output is none. */
static size_t terminal_width(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Cuts a text to a width, at a character. */
static void cut(char *text, size_t width)
{
    size_t n = strlen(text);

    if (text_width(text) <= width)
        return;
    while (n > 0 && text_width(text) >= width) {
        do
            n--;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80);
        text[n] = '\0';
    }
    strcpy(text + n, "~"); /* one byte went at least */
}

static void print_row(char *const *cells, int n, const size_t *widths)
{
    for (int i = 0; i < n; i++) {
        fputs(cells[i], stdout);
        if (i + 1 < n)
            printf("%*s", (int)(widths[i] - text_width(cells[i]) + GAP), "");
    }
    fputc('\n', stdout);
}

static char *cell(const struct table *table, size_t row, int column)
{
    return table->cells[row * (size_t)table->n_columns + (size_t)column];
}

void table_print(struct table *table)
{
    size_t widths[TABLE_COLUMNS_MAX], terminal = terminal_width(), before = 0;
    int last = table->n_columns - 1;
    char *headings[TABLE_COLUMNS_MAX];

    for (int i = 0; i <= last; i++) {
        headings[i] = strdup(table->headings[i]);
        widths[i] = text_width(headings[i]);
        for (size_t row = 0; row < table->n_rows; row++) {
            size_t width = text_width(cell(table, row, i));
            widths[i] = width > widths[i] ? width : widths[i];
        }
        before += i < last ? widths[i] + GAP : 0;
    }
    if (terminal > 0)
        fputs("\033[1m", stdout);
    print_row(headings, table->n_columns, widths);
    if (terminal > 0)
        fputs("\033[0m", stdout);
    for (size_t row = 0; row < table->n_rows; row++) {
        if (terminal > before + GAP)
            cut(cell(table, row, last), terminal - before);
        print_row(&table->cells[row * (size_t)table->n_columns], table->n_columns, widths);
    }
    for (size_t i = 0; i < table->n_rows * (size_t)table->n_columns; i++)
        free(table->cells[i]);
    for (int i = 0; i <= last; i++)
        free(headings[i]);
    free(table->cells);
}
