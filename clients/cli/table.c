#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define GAP   2
#define LEAST ((size_t)6) /* of a column that is cut */

void table_init(struct table *table, const struct column *columns, int n_columns)
{
    *table = (struct table){.columns = columns, .n_columns = n_columns};
}

void table_finish(struct table *table)
{
    for (size_t i = 0; i < table->n_rows * (size_t)table->n_columns; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
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

void table_add_owned(struct table *table, int column, char *text)
{
    table_add(table, column, text[0] == '\0' ? "-" : text);
    free(text);
}

void table_add_age(struct table *table, int column, int64_t ms)
{
    char age[32];
    text_age(ms, age, sizeof age);
    table_add(table, column, age);
}

const char *table_cell(const struct table *table, size_t row, int column)
{
    return table->cells[row * (size_t)table->n_columns + (size_t)column];
}

void table_keep_last(struct table *table, size_t most)
{
    size_t gone = table->n_rows > most ? (table->n_rows - most) * (size_t)table->n_columns : 0;

    if (gone == 0)
        return;
    for (size_t i = 0; i < gone; i++)
        free(table->cells[i]);
    table->n_rows = most;
    memmove(table->cells, table->cells + gone,
            table->n_rows * (size_t)table->n_columns * sizeof *table->cells);
}

/* --- printing -------------------------------------------------------------------------------- */

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void measure(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
    for (int i = 0; i < table->n_columns; i++) {
        widths[i] = text_width(table->columns[i].heading);
        for (size_t row = 0; row < table->n_rows; row++)
            widths[i] = max(widths[i], text_width(table_cell(table, row, i)));
    }
}

/* The widest column of this kind that can give more; -1: there is none. */
static int find_widest(const struct table *table, int cut, const size_t widths[TABLE_COLUMNS_MAX])
{
    int widest = -1;

    for (int i = 0; i < table->n_columns; i++)
        if ((int)table->columns[i].cut == cut &&
            widths[i] > max(LEAST, text_width(table->columns[i].heading)) &&
            (widest < 0 || widths[i] > widths[widest]))
            widest = i;
    return widest;
}

static void fit(const struct table *table, size_t terminal, size_t widths[TABLE_COLUMNS_MAX])
{
    size_t total = (size_t)(table->n_columns - 1) * GAP;

    for (int i = 0; i < table->n_columns; i++)
        total += widths[i];
    for (int cut = CUT_FIRST; cut >= CUT_LAST; cut--) {
        for (int widest; total > terminal && (widest = find_widest(table, cut, widths)) >= 0;
             total--)
            widths[widest]--;
    }
}

/* A cell, cut if it is wider than its column, and blanks up to the next one. */
static void print_cell(const char *text, size_t width, bool is_last)
{
    char *shown = text_cut(text, width);

    fputs(shown, stdout);
    if (!is_last)
        printf("%*s", (int)(width - text_width(shown) + GAP), "");
    free(shown);
}

void table_print(const struct table *table)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0}, terminal = text_terminal_width();
    bool is_bold = terminal > 0 && getenv("NO_COLOR") == NULL;
    int last = table->n_columns - 1;

    measure(table, widths);
    if (terminal > 0)
        fit(table, terminal, widths);
    fputs(is_bold ? "\033[1m" : "", stdout);
    for (int i = 0; i <= last; i++)
        print_cell(table->columns[i].heading, widths[i], i == last);
    puts(is_bold ? "\033[0m" : "");
    for (size_t row = 0; row < table->n_rows; row++) {
        for (int i = 0; i <= last; i++)
            print_cell(table_cell(table, row, i), widths[i], i == last);
        putchar('\n');
    }
}
