/*
 * The vectors come from another implementation: CPython 3.11 hashes bytes with SipHash-1-3, under
 * the key 0 when PYTHONHASHSEED is 0, and under one drawn from its own generator when it is 42.
 */
#include "unit.h"

#include "base/siphash.h"

struct vector {
    size_t n; /* the message is the bytes 0, 1, .. n - 1 */
    uint64_t hash;
};

static const struct vector key_of_zeros[] = {
    {1, 0x68a914128e01e473},  {2, 0x010bac45c41e3669},  {3, 0x4d4c9a4a8ef6e0ad},
    {4, 0x7cc43f98813e4dbd},  {5, 0x5abe2169dff36275},  {6, 0xe3c25f87624f1cdb},
    {7, 0x2f098ab0c751325a},  {8, 0xead411e67ebe2eea},  {9, 0x75927f9d95124362},
    {10, 0xaf9f77a65ab51a1d}, {15, 0xf30eb725bb91c9ea}, {16, 0x8972188433a5c5b7},
    {17, 0x4883c49a2c009c1d}, {31, 0x169739443111d49b}, {32, 0x31ef8061c910629b},
    {63, 0x385d3e39e5f37359}, {64, 0x75e05fd5bbc870c6},
};

static const struct vector key_of_seed_42[] = {
    {1, 0xce880c366bcf3489},  {2, 0xef32fbc0469f0756},  {3, 0xef4b9dcae9b04417},
    {4, 0x79793200f3b3b3db},  {5, 0xbe8653fc64f95fbd},  {6, 0xb32b5a11619800dd},
    {7, 0xce280fabc397fbda},  {8, 0x60866c3c108c6afb},  {9, 0x68814005f7469e03},
    {10, 0x060a514cd0a2e301}, {15, 0x94ace24d68c18cf8}, {16, 0x339176f3ac59ce05},
    {17, 0xed2706b414c296f1}, {31, 0x06f3af51bda71c61}, {32, 0x26f2ecd47de50371},
    {63, 0x06e24d6f0d014c37}, {64, 0x91639ef7de8d52cb},
};

static void check(struct siphash_key key, const struct vector *vectors, size_t n_vectors)
{
    unsigned char message[64];

    for (unsigned i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)i;
    for (size_t i = 0; i < n_vectors; i++)
        assert_true(siphash13(key, message, vectors[i].n) == vectors[i].hash);
}

static void it_is_the_siphash_1_3_of_others(void **state)
{
    (void)state;
    check((struct siphash_key){0, 0}, key_of_zeros, sizeof key_of_zeros / sizeof key_of_zeros[0]);
    check((struct siphash_key){0xdc504fd368cd90af, 0xb920bb9ffe99e9c1}, key_of_seed_42,
          sizeof key_of_seed_42 / sizeof key_of_seed_42[0]);
}

/* As OpenSSL's SIPHASH makes them with c-rounds 1, d-rounds 3, size 16. */
static void its_128_bits_are_those_of_others(void **state)
{
    static const struct {
        unsigned n;
        uint64_t first, second;
    } wide[] = {
        {0, 0xbea58827b2bc7ee7, 0x013030dd6adb62fd},  {1, 0xa8edd36004376ffc, 0x63f02f2bcc73055e},
        {7, 0xc3e0aaf223b98410, 0x77ab4808c82e2fa6},  {8, 0xb4dae3d5e1fe12aa, 0x99c7f935ab164f72},
        {15, 0x6c52bdb205557ec1, 0x09017e1eeccd2129}, {16, 0xeb8e511557d9a8d0, 0x93179e3df8b013b5},
        {63, 0x6f42fe4ee300584c, 0xad6052a70a6b9f07},
    };
    struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    unsigned char message[64];

    (void)state;
    for (unsigned i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        uint64_t out[2];
        siphash13_wide(key, message, wide[i].n, out);
        assert_true(out[0] == wide[i].first && out[1] == wide[i].second);
    }
}

static void where_the_bytes_lie_does_not_matter(void **state)
{
    char at[8 + 23];
    const char *message = "an odd number of bytes!";
    struct siphash_key key = {1, 2};
    uint64_t hash = siphash13(key, message, 23);

    (void)state;
    for (int shift = 0; shift < 8; shift++) {
        for (int i = 0; i < 23; i++)
            at[shift + i] = message[i];
        assert_true(siphash13(key, at + shift, 23) == hash);
    }
}

static void no_bytes_have_a_hash_that_depends_on_the_key(void **state)
{
    (void)state;
    assert_true(siphash13((struct siphash_key){1, 2}, NULL, 0) !=
                siphash13((struct siphash_key){2, 1}, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_siphash_1_3_of_others),
        cmocka_unit_test(its_128_bits_are_those_of_others),
        cmocka_unit_test(where_the_bytes_lie_does_not_matter),
        cmocka_unit_test(no_bytes_have_a_hash_that_depends_on_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
