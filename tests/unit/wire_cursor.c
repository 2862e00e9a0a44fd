/*
 * msgpack-c is the judge: what it packs, the cursor reads as msgpack-c unpacks it.
 */
#include "unit.h"

#include <msgpack.h>

#include "base/buf.h"
#include "wire/cursor.h"
#include "wire/scan.h"

/* --- random messages -------------------------------------------------------------------------- */

static int append(void *out, const char *bytes, size_t n)
{
    buf_append(out, bytes, n);
    return 0;
}

static const uint64_t edges[] = {
    0,     1,     31,    32,       127,        128,        255,       256,        32767,
    32768, 65535, 65536, 1u << 31, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX};

static uint64_t random_number(uint64_t *seed)
{
    return edges[unit_random(seed) % (sizeof edges / sizeof edges[0])] + unit_random(seed) % 3 - 1;
}

/* Each integer format, also where a shorter one would do. */
static void pack_integer(msgpack_packer *pack, uint64_t *seed)
{
    uint64_t number = random_number(seed);

    switch (unit_random(seed) % 10) {
    case 0:
        msgpack_pack_fix_uint8(pack, (uint8_t)number);
        break;
    case 1:
        msgpack_pack_fix_uint16(pack, (uint16_t)number);
        break;
    case 2:
        msgpack_pack_fix_uint32(pack, (uint32_t)number);
        break;
    case 3:
        msgpack_pack_fix_uint64(pack, number);
        break;
    case 4:
        msgpack_pack_fix_int8(pack, (int8_t)number);
        break;
    case 5:
        msgpack_pack_fix_int16(pack, (int16_t)number);
        break;
    case 6:
        msgpack_pack_fix_int32(pack, (int32_t)number);
        break;
    case 7:
        msgpack_pack_fix_int64(pack, (int64_t)number);
        break;
    case 8:
        msgpack_pack_uint64(pack, number);
        break;
    default:
        msgpack_pack_int64(pack, (int64_t)number);
    }
}

static void pack_bytes(msgpack_packer *pack, uint64_t *seed)
{
    static const size_t sizes[] = {0, 1, 2, 4, 8, 16, 17, 31, 32, 255, 256, 65535, 65536};
    static char bytes[65536];
    size_t n = sizes[unit_random(seed) % (sizeof sizes / sizeof sizes[0])];

    bytes[0] = (char)unit_random(seed);
    switch (unit_random(seed) % 3) {
    case 0:
        msgpack_pack_str(pack, n);
        msgpack_pack_str_body(pack, bytes, n);
        break;
    case 1:
        msgpack_pack_bin(pack, n);
        msgpack_pack_bin_body(pack, bytes, n);
        break;
    default:
        msgpack_pack_ext(pack, n, (int8_t)unit_random(seed));
        msgpack_pack_ext_body(pack, bytes, n);
    }
}

static void pack_value(msgpack_packer *pack, uint64_t *seed, int depth);

static void pack_container(msgpack_packer *pack, uint64_t *seed, int depth)
{
    static const size_t counts[] = {0, 1, 2, 3, 15, 16, 17};
    size_t n = counts[unit_random(seed) % (depth == 0 ? 7 : 4)];
    bool is_map = unit_random(seed) % 2 == 0;

    if (is_map)
        msgpack_pack_map(pack, n);
    else
        msgpack_pack_array(pack, n);
    for (size_t i = 0; i < (is_map ? 2 * n : n); i++)
        pack_value(pack, seed, depth + 1);
}

static void pack_value(msgpack_packer *pack, uint64_t *seed, int depth)
{
    switch (unit_random(seed) % (depth < 6 ? 8 : 6)) {
    case 0:
        msgpack_pack_nil(pack);
        break;
    case 1:
        if (unit_random(seed) % 2 == 0)
            msgpack_pack_true(pack);
        else
            msgpack_pack_false(pack);
        break;
    case 2:
        if (unit_random(seed) % 2 == 0)
            msgpack_pack_float(pack, 1.5f);
        else
            msgpack_pack_double(pack, -2.5);
        break;
    case 3:
    case 4:
        pack_integer(pack, seed);
        break;
    case 5:
        pack_bytes(pack, seed);
        break;
    default:
        pack_container(pack, seed, depth);
    }
}

/* --- reading them ----------------------------------------------------------------------------- */

static void assert_bytes(const struct value *value, const char *bytes, uint32_t n)
{
    assert_int_equal(value->type, VALUE_TEXT);
    assert_int_equal(value->text.n, n);
    assert_memory_equal(value->text.at, bytes, n);
}

static void assert_reads_as(struct cursor *cursor, const msgpack_object *object)
{
    struct value value;

    assert_true(cursor_read(cursor, &value));
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        assert_int_equal(value.type, VALUE_NIL);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        assert_int_equal(value.type, VALUE_BOOL);
        assert_true(value.boolean == object->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        assert_int_equal(value.type, VALUE_UINT);
        assert_true(value.uint == object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        assert_int_equal(value.type, VALUE_NEGATIVE);
        assert_true(value.negative == object->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        assert_int_equal(value.type, VALUE_FLOAT);
        break;
    case MSGPACK_OBJECT_STR:
        assert_bytes(&value, object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        assert_bytes(&value, object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_EXT:
        assert_int_equal(value.type, VALUE_EXT);
        break;
    case MSGPACK_OBJECT_ARRAY:
        assert_int_equal(value.type, VALUE_ARRAY);
        assert_int_equal(value.count, object->via.array.size);
        for (uint32_t i = 0; i < value.count; i++)
            assert_reads_as(cursor, &object->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_MAP:
        assert_int_equal(value.type, VALUE_MAP);
        assert_int_equal(value.count, object->via.map.size);
        for (uint32_t i = 0; i < value.count; i++) {
            assert_reads_as(cursor, &object->via.map.ptr[i].key);
            assert_reads_as(cursor, &object->via.map.ptr[i].val);
        }
        break;
    }
}

static void assert_scans(const struct buf *b)
{
    struct scanner scanner = {.bytes_max = buf_size(b), .depth_max = 8};
    size_t n_frame = 0;

    assert_int_equal(scan(&scanner, buf_data(b), buf_size(b), &n_frame), SCAN_FRAME);
    assert_int_equal(n_frame, buf_size(b));
}

static void whatever_msgpack_c_packs_reads_the_same(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct buf b = {0};
        msgpack_packer pack = {.data = &b, .callback = append};
        struct cursor cursor;
        struct value value;
        struct slice span;
        msgpack_unpacked unpacked;
        size_t offset = 0;

        pack_value(&pack, &seed, 0);
        assert_scans(&b);
        msgpack_unpacked_init(&unpacked);
        assert_int_equal(msgpack_unpack_next(&unpacked, buf_data(&b), buf_size(&b), &offset),
                         MSGPACK_UNPACK_SUCCESS);
        cursor = (struct cursor){buf_data(&b), buf_data(&b) + buf_size(&b)};
        assert_reads_as(&cursor, &unpacked.data);
        assert_false(cursor_read(&cursor, &value));
        cursor.at = buf_data(&b);
        assert_true(cursor_skip(&cursor, &span));
        assert_ptr_equal(span.at, buf_data(&b));
        assert_int_equal(span.n, buf_size(&b));
        assert_false(cursor_skip(&cursor, NULL));
        msgpack_unpacked_destroy(&unpacked);
        buf_finish(&b);
    }
}

static void skipping_passes_over_one_value_with_all_that_it_contains(void **state)
{
    static const char message[] = "\x93\x82\x01\x92\x02\x03\x04\x80\xa1\x61\xc0";
    struct cursor cursor = {message, message + sizeof message - 1};
    struct value value;
    struct slice span;

    (void)state;
    assert_true(cursor_read(&cursor, &value));
    assert_true(cursor_skip(&cursor, &span));
    assert_true(slice_equal(span, SLICE("\x82\x01\x92\x02\x03\x04\x80")));
    assert_true(cursor_skip(&cursor, NULL));
    assert_true(cursor_read(&cursor, &value));
    assert_int_equal(value.type, VALUE_NIL);
    assert_false(cursor_read(&cursor, &value));
}

/* --- text ---------------------------------------------------------------------------------------
 */

/* The encoding of a character, by the definition; 0 bytes for what has none. */
static uint32_t encode(uint32_t character, char *to)
{
    uint32_t n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

    if ((character >= 0xd800 && character < 0xe000) || character > 0x10ffff)
        return 0;
    for (uint32_t i = n; i-- > 1; character >>= 6)
        to[i] = (char)(0x80 | (character & 0x3f));
    to[0] = (char)(n == 1 ? character : (0xf00u >> n & 0xff) | character);
    return n;
}

static void every_character_is_utf8_and_no_part_of_one(void **state)
{
    char at[4];

    (void)state;
    for (uint32_t character = 0; character <= 0x10ffff; character++) {
        uint32_t n = encode(character, at);
        if (n == 0)
            continue;
        assert_true(text_is_utf8((struct slice){at, n}));
        for (uint32_t part = 1; part < n; part++)
            assert_false(text_is_utf8((struct slice){at, part}));
    }
}

/* All strings of three bytes, against all encodings put one behind the other. */
static void what_no_character_encodes_to_is_not_utf8(void **state)
{
    static bool is_one[256], is_two[65536];
    static uint8_t is_three[1u << 24];
    uint32_t found = 0;
    char at[4] = "";

    (void)state;
    for (uint32_t character = 0; character < 0x10000; character++) {
        uint32_t n = encode(character, at);
        uint32_t code = (uint32_t)(unsigned char)at[0] << 16 | (uint32_t)(unsigned char)at[1] << 8 |
                        (unsigned char)at[2];
        if (n == 1)
            is_one[code >> 16] = true;
        else if (n == 2)
            is_two[code >> 8] = true;
        else if (n == 3)
            is_three[code] = 1;
    }
    for (uint32_t code = 0; code < 1u << 24; code++) {
        unsigned char a = (unsigned char)(code >> 16), b = (unsigned char)(code >> 8),
                      c = (unsigned char)code;
        bool expected = (is_one[a] && is_one[b] && is_one[c]) ||
                        (is_one[a] && is_two[code & 0xffff]) || (is_two[code >> 8] && is_one[c]) ||
                        is_three[code] != 0;
        at[0] = (char)a, at[1] = (char)b, at[2] = (char)c;
        found += text_is_utf8((struct slice){at, 3}) != expected;
    }
    assert_int_equal(found, 0);
}

static void characters_beyond_three_bytes_have_their_bounds(void **state)
{
    (void)state;
    assert_true(text_is_utf8(SLICE("\xf0\x90\x80\x80")));
    assert_true(text_is_utf8(SLICE("\xf4\x8f\xbf\xbf")));
    assert_false(text_is_utf8(SLICE("\xf0\x8f\xbf\xbf"))); /* overlong */
    assert_false(text_is_utf8(SLICE("\xf4\x90\x80\x80"))); /* above U+10FFFF */
    assert_false(text_is_utf8(SLICE("\xf5\x80\x80\x80")));
    assert_false(text_is_utf8(SLICE("\xf0\x90\x80\xc0")));
    assert_true(text_is_utf8((struct slice){NULL, 0}));
}

/* The quick way over eight bytes at a time sees each of them. */
static void one_wrong_byte_is_found_wherever_it_stands(void **state)
{
    char at[40];

    (void)state;
    for (uint32_t i = 0; i < sizeof at; i++) {
        memset(at, 'a', sizeof at);
        assert_true(text_is_utf8((struct slice){at, sizeof at}));
        at[i] = (char)0x80;
        assert_false(text_is_utf8((struct slice){at, sizeof at}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_msgpack_c_packs_reads_the_same),
        cmocka_unit_test(skipping_passes_over_one_value_with_all_that_it_contains),
        cmocka_unit_test(every_character_is_utf8_and_no_part_of_one),
        cmocka_unit_test(what_no_character_encodes_to_is_not_utf8),
        cmocka_unit_test(characters_beyond_three_bytes_have_their_bounds),
        cmocka_unit_test(one_wrong_byte_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
