/*
 * Tables on standard output: aligned columns, the same on a terminal and in a pipe.
 *
 * On a terminal the last column is cut where the line ends, and headings are bold.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS_MAX 10

struct table {
    const char *const *headings;
    int n_columns;
    char **cells; /* row by row; owned */
    size_t n_rows, cap_rows;
};

void table_init(struct table *table, const char *const *headings, int n_columns);
/* The next cell, from left to right, row by row. The text is copied, and must be escaped. */
void table_add(struct table *table, int column, const char *text);
/* Prints and frees it. */
void table_print(struct table *table);

#endif
