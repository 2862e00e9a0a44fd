/*
 * The parser's memory, and a request while it is being read.
 *
 * One parser serves all connections: what it keeps belongs to the request that was read last. Keys
 * that stand in the frame as they are wanted are referred to there; the others are written into
 * the parser's text. Memory grows by what a request really holds, never by what it announces, and
 * is given back after a very large one.
 */
#ifndef WIRE_PARSER_H
#define WIRE_PARSER_H

#include "base/arena.h"
#include "wire/cursor.h"
#include "wire/request.h"

struct parser {
    struct wire_limits limits;
    struct wire_key *keys;
    uint32_t n_keys, cap_keys;
    uint64_t key_text;     /* bytes of all their paths */
    struct arena text;     /* paths that had to be written */
    char *room, *room_end; /* what is left of its newest piece */
};

/* Every reading function returns false once it has put an error into `result`. */
struct reading {
    struct parser *parser;
    struct cursor cursor;
    struct request *request;
    struct request_result *result;
    const char *name; /* of the field that is being read */
};

/* Forgets the last request. */
void parser_reset(struct parser *parser);

/* Adds a key without asking for limits. */
void parser_add_key(struct parser *parser, struct wire_key key);

/* Room for n bytes of text that stay where they are until the reset. What was used of them ends at
 * `end`, which parser_use tells; without it the room is given out again. */
char *parser_room(struct parser *parser, size_t n);
void parser_use(struct parser *parser, char *end);

#endif
