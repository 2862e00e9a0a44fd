#include "wire/cursor.h"

#include "wire/format.h"

/* Reads a scalar, whose first byte is `first`, with its body at `at`. */
static void read_scalar(unsigned char first, const char *at, struct value *value)
{
    int64_t number;

    switch (first) {
    case 0xc0:
        value->type = VALUE_NIL;
        return;
    case 0xc2:
    case 0xc3:
        value->type = VALUE_BOOL;
        value->boolean = first == 0xc3;
        return;
    case 0xca:
    case 0xcb:
        value->type = VALUE_FLOAT;
        return;
    case 0xcc:
        number = (unsigned char)*at;
        break;
    case 0xcd:
        number = load16(at);
        break;
    case 0xce:
        number = load32(at);
        break;
    case 0xcf:
        value->type = VALUE_UINT;
        value->uint = load64(at);
        return;
    case 0xd0:
        number = (int8_t)*at;
        break;
    case 0xd1:
        number = (int16_t)load16(at);
        break;
    case 0xd2:
        number = (int32_t)load32(at);
        break;
    case 0xd3:
        number = (int64_t)load64(at);
        break;
    default:
        number = (int8_t)first;
    }
    value->type = number < 0 ? VALUE_NEGATIVE : VALUE_UINT;
    value->negative = number;
    value->uint = (uint64_t)number;
}

bool cursor_read(struct cursor *cursor, struct value *value)
{
    const char *at = cursor->at;
    struct format format;

    if (at >= cursor->end)
        return false;
    format = formats[(unsigned char)*at];
    cursor->at += format.head;
    switch (format.kind) {
    case FORMAT_TEXT:
        value->type = VALUE_TEXT;
        value->text = (struct slice){cursor->at, format_length(format, at)};
        cursor->at += value->text.n;
        break;
    case FORMAT_ARRAY:
    case FORMAT_MAP:
        value->type = format.kind == FORMAT_MAP ? VALUE_MAP : VALUE_ARRAY;
        value->count = format_length(format, at);
        break;
    case FORMAT_EXT:
        value->type = VALUE_EXT;
        cursor->at += (size_t)format_length(format, at) + 1;
        break;
    default:
        read_scalar((unsigned char)*at, at + 1, value);
        cursor->at += format.fixed;
    }
    return true;
}

bool cursor_skip(struct cursor *cursor, struct slice *span)
{
    const char *start = cursor->at;
    struct value value;

    for (uint64_t left = 1; left > 0; left--) {
        if (!cursor_read(cursor, &value))
            return false;
        if (value.type == VALUE_ARRAY)
            left += value.count;
        else if (value.type == VALUE_MAP)
            left += 2 * (uint64_t)value.count;
    }
    if (span != NULL)
        *span = (struct slice){start, (uint32_t)(cursor->at - start)};
    return true;
}
