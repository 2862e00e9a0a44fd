/*
 * The difference between two texts, line by line, as a reviewer draws it.
 */
#ifndef SPEC_DIFF_H
#define SPEC_DIFF_H

/* Prints what is only in `expected` after "-", only in `actual` after "+", to standard error. */
void diff_print(const char *expected, const char *actual);

#endif
