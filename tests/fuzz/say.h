/*
 * Requests, put together field by field onto what a line is to say.
 */
#ifndef SAY_H
#define SAY_H

#include <msgpack.h>

#include "daemon.h"
#include "wire/request.h"

struct say {
    struct line *line;
    uint32_t id;
    enum wire_method method;
    uint32_t n_fields;
    uint64_t longest; /* a longer message closes the line */
    struct buf fields;
    msgpack_packer packer; /* into `fields` */
};

/* False: the line is closed, or has asked too much. Otherwise say_end follows. */
bool say_begin(struct say *say, struct daemon *daemon, struct line *line, enum wire_method method);
/* Counts a field and writes its name; its value follows through `packer`. */
void say_field(struct say *say, const char *name);
void say_text(struct say *say, const char *name, struct slice text);
void say_number(struct say *say, const char *name, uint64_t number);
void say_keys(struct say *say, const char *name, struct slice path);
void say_end(struct say *say);

/* A request with fields and values that the input chooses. */
void say_drawn(struct daemon *daemon, struct line *line, struct input *input);

#endif
