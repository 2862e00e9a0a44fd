/*
 * Fields: what may stand in each, in one table, and reading it into a request.
 */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include "wire/parser.h"

#define FIELD_BIT(name) (UINT64_C(1) << FIELD_##name)

/* Which of the fields in `among` (bits) is called `name`; FIELD_COUNT: none. */
enum wire_field field_find(uint64_t among, struct slice name);

/* Reads the field's value, which stands in the cursor. */
bool field_read(struct reading *reading, enum wire_field field);

#endif
