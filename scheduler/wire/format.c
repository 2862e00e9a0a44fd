#include "wire/format.h"

#define SCALAR(after)                                                                              \
    {                                                                                              \
        FORMAT_SCALAR, 1, after                                                                    \
    }
#define TEXT(head, n)                                                                              \
    {                                                                                              \
        FORMAT_TEXT, head, n                                                                       \
    }
#define EXT(head, n)                                                                               \
    {                                                                                              \
        FORMAT_EXT, head, n                                                                        \
    }
#define ARRAY(head, count)                                                                         \
    {                                                                                              \
        FORMAT_ARRAY, head, count                                                                  \
    }
#define MAP(head, count)                                                                           \
    {                                                                                              \
        FORMAT_MAP, head, count                                                                    \
    }

#define EIGHT(X, from)                                                                             \
    X(from), X(from + 1), X(from + 2), X(from + 3), X(from + 4), X(from + 5), X(from + 6),         \
        X(from + 7)
#define SIXTEEN(X, from) EIGHT(X, from), EIGHT(X, from + 8)
#define FIX_INT(n)       SCALAR(0)
#define FIX_MAP(n)       MAP(1, n)
#define FIX_ARRAY(n)     ARRAY(1, n)
#define FIX_TEXT(n)      TEXT(1, n)

const struct format formats[256] = {
    /* 0x00 .. 0x7f: the numbers 0 .. 127 */
    SIXTEEN(FIX_INT, 0x00),
    SIXTEEN(FIX_INT, 0x10),
    SIXTEEN(FIX_INT, 0x20),
    SIXTEEN(FIX_INT, 0x30),
    SIXTEEN(FIX_INT, 0x40),
    SIXTEEN(FIX_INT, 0x50),
    SIXTEEN(FIX_INT, 0x60),
    SIXTEEN(FIX_INT, 0x70),
    /* 0x80, 0x90, 0xa0: short map, array, str */
    SIXTEEN(FIX_MAP, 0),
    SIXTEEN(FIX_ARRAY, 0),
    SIXTEEN(FIX_TEXT, 0),
    SIXTEEN(FIX_TEXT, 16),
    /* 0xc0: nil, reserved, false, true */
    SCALAR(0),
    {FORMAT_RESERVED, 1, 0},
    SCALAR(0),
    SCALAR(0),
    /* 0xc4: bin 8, 16, 32; ext 8, 16, 32 */
    TEXT(2, 0),
    TEXT(3, 0),
    TEXT(5, 0),
    EXT(2, 0),
    EXT(3, 0),
    EXT(5, 0),
    /* 0xca: float 32, 64; uint 8 .. 64; int 8 .. 64 */
    SCALAR(4),
    SCALAR(8),
    SCALAR(1),
    SCALAR(2),
    SCALAR(4),
    SCALAR(8),
    SCALAR(1),
    SCALAR(2),
    SCALAR(4),
    SCALAR(8),
    /* 0xd4: fixext 1 .. 16 */
    EXT(1, 1),
    EXT(1, 2),
    EXT(1, 4),
    EXT(1, 8),
    EXT(1, 16),
    /* 0xd9: str 8, 16, 32; array 16, 32; map 16, 32 */
    TEXT(2, 0),
    TEXT(3, 0),
    TEXT(5, 0),
    ARRAY(3, 0),
    ARRAY(5, 0),
    MAP(3, 0),
    MAP(5, 0),
    /* 0xe0 .. 0xff: the numbers -32 .. -1 */
    SIXTEEN(FIX_INT, 0),
    SIXTEEN(FIX_INT, 0),
};
