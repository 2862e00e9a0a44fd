/*
 * Text for people: durations in and out, and nothing from others that could move the cursor.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "500ms", "5", "5s", "2m", "1h" into milliseconds. False: it is no duration. */
bool text_duration(const char *text, int64_t *ms);

/* A whole number above 0. False: it is no token. */
bool text_token(const char *text, uint64_t *token);

/* "340 ms", "12 s", "3 m 20 s", "2 h 5 m", "4 d 1 h" */
void text_age(int64_t ms, char *to, size_t size);

/* A copy in which control bytes and what is no UTF-8 are written as \xNN; owned by the caller. */
char *text_escape(const char *bytes, size_t n);

/* How many columns a terminal needs for UTF-8 text without control bytes. */
size_t text_width(const char *text);

/* A copy, cut at a character where it is wider, with a sign that it was; owned by the caller. */
char *text_cut(const char *text, size_t width);

/* Columns of the terminal that standard output is; 0: it is none. */
size_t text_terminal_width(void);

#endif
