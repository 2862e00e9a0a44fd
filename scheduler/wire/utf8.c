#include "wire/cursor.h"

/* Words without a byte of 0x80 or above are passed eight bytes at a time. */
#define HIGH_BITS 0x8080808080808080ULL

static uint32_t skip_ascii(const unsigned char *at, uint32_t i, uint32_t n)
{
    for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, at + i, sizeof word);
        if ((word & HIGH_BITS) != 0)
            break;
    }
    while (i < n && at[i] < 0x80)
        i++;
    return i;
}

/* The size of the character at `at`, of which `left` bytes are there; 0: it is none. Only the
 * second byte tells overlong forms, surrogates and what is above U+10FFFF. */
static uint32_t character(const unsigned char *at, uint32_t left)
{
    unsigned char least = 0x80, most = 0xbf;
    uint32_t size;

    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        size = 2;
    else if (at[0] >= 0xe0 && at[0] <= 0xef)
        size = 3;
    else if (at[0] >= 0xf0 && at[0] <= 0xf4)
        size = 4;
    else
        return 0;
    if (at[0] == 0xe0)
        least = 0xa0;
    else if (at[0] == 0xed)
        most = 0x9f;
    else if (at[0] == 0xf0)
        least = 0x90;
    else if (at[0] == 0xf4)
        most = 0x8f;
    if (left < size || at[1] < least || at[1] > most)
        return 0;
    for (uint32_t i = 2; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

bool text_is_utf8(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.at;

    for (uint32_t i = 0; (i = skip_ascii(at, i, text.n)) < text.n;) {
        uint32_t size = character(at + i, text.n - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}
