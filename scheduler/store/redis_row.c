#include "store/redis_row.h"

#include <stddef.h>

enum kind { KIND_INT, KIND_TEXT, KIND_BLOB };

struct column {
    const char *name;
    uint8_t n; /* bytes of the name: below 32 */
    enum kind kind;
    size_t offset;
};

#define COLUMN(type, name, kind) {#name, sizeof #name - 1, kind, offsetof(struct type, name)},
#define OP_INT(name)             COLUMN(store_op, name, KIND_INT)
#define OP_TEXT(name)            COLUMN(store_op, name, KIND_TEXT)
#define OP_BLOB(name)            COLUMN(store_op, name, KIND_BLOB)

static const struct column op_columns[] = {STORE_OP_COLUMNS(OP_INT, OP_TEXT, OP_BLOB)};
static const struct column session_columns[] = {
    COLUMN(store_session, id, KIND_INT) COLUMN(store_session, grace_ms, KIND_INT)
        COLUMN(store_session, ns, KIND_TEXT) COLUMN(store_session, secret, KIND_TEXT)
            COLUMN(store_session, peer, KIND_TEXT)};

#define N(table) (sizeof(table) / sizeof *(table))

/* --- writing --------------------------------------------------------------------------------- */

/* A byte that says what follows, and a number of `size` bytes, the highest first. */
static void put(struct buf *row, uint8_t what, uint64_t number, unsigned size)
{
    unsigned char bytes[9] = {what};

    for (unsigned i = 0; i < size; i++)
        bytes[1 + i] = (unsigned char)(number >> (8 * (size - 1 - i)));
    buf_append(row, bytes, 1 + size);
}

static void put_int(struct buf *row, int64_t number)
{
    if (number < 0)
        put(row, 0xd3, (uint64_t)number, 8);
    else if (number < 128)
        put(row, (uint8_t)number, 0, 0);
    else if (number <= UINT16_MAX)
        put(row, 0xcd, (uint64_t)number, 2);
    else if (number <= UINT32_MAX)
        put(row, 0xce, (uint64_t)number, 4);
    else
        put(row, 0xcf, (uint64_t)number, 8);
}

static void put_slice(struct buf *row, struct slice s, enum kind kind)
{
    if (kind == KIND_TEXT && s.n < 32)
        put(row, (uint8_t)(0xa0 | s.n), 0, 0);
    else
        put(row, kind == KIND_TEXT ? 0xdb : 0xc6, s.n, 4);
    buf_append_slice(row, s);
}

static void write_row(const struct column *columns, size_t n, const void *from, struct buf *row)
{
    size_t head = buf_size(row);
    uint8_t n_written = 0;

    put(row, 0xde, 0, 2);
    for (size_t i = 0; i < n; i++) {
        const struct column *column = &columns[i];
        const void *at = (const char *)from + column->offset;
        const struct slice *slice = at;
        const int64_t *number = at;
        if (column->kind == KIND_INT ? *number == 0 : slice->at == NULL)
            continue;
        put_slice(row, (struct slice){column->name, column->n}, KIND_TEXT);
        if (column->kind == KIND_INT)
            put_int(row, *number);
        else
            put_slice(row, *slice, column->kind);
        n_written++;
    }
    buf_data(row)[head + 2] = (char)n_written; /* there are fewer columns than 256 */
}

void redis_row_from_op(const struct store_op *op, struct buf *row)
{
    write_row(op_columns, N(op_columns), op, row);
}

void redis_row_from_session(const struct store_session *session, struct buf *row)
{
    write_row(session_columns, N(session_columns), session, row);
}

/* --- reading --------------------------------------------------------------------------------- */

struct reader {
    const unsigned char *at, *end;
};

static bool get(struct reader *reader, unsigned size, uint64_t *number)
{
    if ((size_t)(reader->end - reader->at) < size)
        return false;
    *number = 0;
    while (size-- > 0)
        *number = *number << 8 | *reader->at++;
    return true;
}

static bool get_int(struct reader *reader, int64_t *number)
{
    uint64_t what, bits;
    unsigned size;

    if (!get(reader, 1, &what))
        return false;
    if (what < 128) {
        *number = (int64_t)what;
        return true;
    }
    size = what == 0xcd ? 2 : what == 0xce ? 4 : what == 0xcf || what == 0xd3 ? 8 : 0;
    if (size == 0 || !get(reader, size, &bits) || (what == 0xcf && bits > INT64_MAX))
        return false;
    *number = (int64_t)bits;
    return true;
}

static bool get_slice(struct reader *reader, struct slice *s, enum kind kind)
{
    uint64_t what, n;

    if (!get(reader, 1, &what))
        return false;
    if (kind == KIND_TEXT && (what & 0xe0) == 0xa0)
        n = what & 0x1f;
    else if (what != (kind == KIND_TEXT ? 0xdb : 0xc6) || !get(reader, 4, &n))
        return false;
    if ((size_t)(reader->end - reader->at) < n)
        return false;
    *s = (struct slice){(const char *)reader->at, (uint32_t)n};
    reader->at += n;
    return true;
}

/* They were written in the order of the table: the next is not far behind the last. */
static const struct column *find(const struct column *columns, size_t n, size_t *next,
                                 struct slice name)
{
    for (; *next < n; ++*next)
        if (columns[*next].n == name.n && memcmp(columns[*next].name, name.at, name.n) == 0)
            return &columns[(*next)++];
    return NULL;
}

static bool read_row(const struct column *columns, size_t n, struct slice row, void *to)
{
    struct reader reader = {(const unsigned char *)row.at, (const unsigned char *)row.at + row.n};
    uint64_t what, n_written;
    size_t next = 0;

    if (!get(&reader, 1, &what) || what != 0xde || !get(&reader, 2, &n_written))
        return false;
    for (; n_written > 0; n_written--) {
        const struct column *column;
        struct slice name;
        void *at;
        if (!get_slice(&reader, &name, KIND_TEXT) ||
            (column = find(columns, n, &next, name)) == NULL)
            return false;
        at = (char *)to + column->offset;
        if (!(column->kind == KIND_INT ? get_int(&reader, at)
                                       : get_slice(&reader, at, column->kind)))
            return false;
    }
    return reader.at == reader.end;
}

bool redis_row_to_op(struct slice row, struct store_op *op)
{
    *op = (struct store_op){0};
    return read_row(op_columns, N(op_columns), row, op);
}

bool redis_row_to_session(struct slice row, struct store_session *session)
{
    *session = (struct store_session){0};
    return read_row(session_columns, N(session_columns), row, session);
}
