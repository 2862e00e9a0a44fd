/*
 * Tables on standard output: aligned columns, the same on a terminal and in a pipe.
 *
 * On a terminal a row is one line: the widest of the columns that may be cut give way until it
 * fits. Headings are bold there (not with NO_COLOR).
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_COLUMNS_MAX 10

struct column {
    const char *heading;
    enum { CUT_NEVER, CUT_LAST, CUT_FIRST } cut; /* short words, ids, texts */
};

struct table {
    const struct column *columns;
    int n_columns;
    char **cells; /* row by row; owned */
    size_t n_rows, cap_rows;
};

void table_init(struct table *table, const struct column *columns, int n_columns);
void table_finish(struct table *table);

/* The next cell, from left to right, row by row. The text is copied, and must be escaped. */
void table_add(struct table *table, int column, const char *text);
/* The same, and the text is freed; a lack of one shows as "-". */
void table_add_owned(struct table *table, int column, char *text);
void table_add_age(struct table *table, int column, int64_t ms);

const char *table_cell(const struct table *table, size_t row, int column);
/* The rows before the last `most` go. */
void table_keep_last(struct table *table, size_t most);
void table_print(const struct table *table);

#endif
