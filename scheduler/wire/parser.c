#include "wire/parser.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#define PIECE_SIZE    ((size_t)64 * 1024)
#define KEYS_KEEP_MAX 16384
#define KEYS_LEAST    64

struct parser *parser_create(const struct wire_limits *limits)
{
    struct parser *parser = memory_alloc_zeroed(1, sizeof *parser);

    parser->limits = *limits;
    return parser;
}

void parser_destroy(struct parser *parser)
{
    if (parser == NULL)
        return;
    free(parser->keys);
    arena_finish(&parser->text);
    free(parser);
}

void parser_reset(struct parser *parser)
{
    if (parser->cap_keys > KEYS_KEEP_MAX) {
        free(parser->keys);
        parser->keys = NULL;
        parser->cap_keys = 0;
    }
    parser->n_keys = 0;
    parser->key_text = 0;
    arena_reset(&parser->text);
    parser->room = parser->room_end = NULL;
}

void parser_add_key(struct parser *parser, struct wire_key key)
{
    if (parser->n_keys == parser->cap_keys) {
        parser->cap_keys = parser->cap_keys == 0 ? KEYS_LEAST : 2 * parser->cap_keys;
        parser->keys = memory_resize(parser->keys, parser->cap_keys * sizeof *parser->keys);
    }
    parser->keys[parser->n_keys++] = key;
    parser->key_text += key.path.n;
}

char *parser_room(struct parser *parser, size_t n)
{
    if ((size_t)(parser->room_end - parser->room) < n) {
        size_t size = n > PIECE_SIZE ? n : PIECE_SIZE;
        parser->room = arena_alloc(&parser->text, size);
        parser->room_end = parser->room + size;
    }
    return parser->room;
}

void parser_use(struct parser *parser, char *end)
{
    assert(end >= parser->room && end <= parser->room_end);
    parser->room = end;
}
