/*
 * Sentences: what is wrong with a request, for a person.
 *
 * Each names the field. What came from the client is shown so that a log or a terminal can bear
 * it: control bytes and bytes that are not UTF-8 escaped, long names cut. All functions that put an
 * error return false, so that a reader can end with them.
 */
#ifndef WIRE_SENTENCE_H
#define WIRE_SENTENCE_H

#include "wire/parser.h"

/* Any error; printf's format. */
bool sentence_put(struct reading *reading, enum lockq_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* bad_request: "field 'x' <what>". */
bool sentence_field(struct reading *reading, const char *what);

/* A limit with its name in hello's `limits`, or NULL if it is part of the protocol. */
struct limit {
    const char *name;
    uint64_t value;
    const char *unit; /* behind the value: " bytes", " ms" or "" */
};

/* over_limit: "field 'x' is over the limit 'text' of 255 bytes". */
bool sentence_over(struct reading *reading, struct limit limit);
/* The same for what is too small. */
bool sentence_below(struct reading *reading, struct limit limit);

#define SHOWN_MAX 64

struct shown {
    char text[SHOWN_MAX + sizeof "..."];
};

/* The client's text, printable. */
struct shown sentence_show(struct slice text);

#endif
