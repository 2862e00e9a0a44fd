/*
 * What the libFuzzer programs share: an objection that ends the process, so that the fuzzer
 * notices, and a reader that makes choices out of its bytes.
 *
 * An input that is at its end goes on for ever with zeros, so that every input means something and
 * a shorter one is the beginning of a longer one.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

_Noreturn void fuzz_object(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what does not hold, and ends the process. */
#define OBJECT(...) fuzz_object(__FILE__, __LINE__, __VA_ARGS__)
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            OBJECT("does not hold: %s", #condition);                                               \
    } while (0)

struct input {
    const uint8_t *at, *end;
};

static inline bool input_is_over(const struct input *input)
{
    return input->at == input->end;
}

static inline uint8_t input_byte(struct input *input)
{
    return input_is_over(input) ? 0 : *input->at++;
}

/* 0 .. n - 1; n is at most 256. */
static inline uint32_t input_below(struct input *input, uint32_t n)
{
    return input_byte(input) % n;
}

static inline bool input_bool(struct input *input)
{
    return (input_byte(input) & 1) != 0;
}

/* Any number of eight bytes, little end first. */
uint64_t input_number(struct input *input);
/* Up to n bytes of the input itself. */
struct slice input_slice(struct input *input, uint32_t n);

#endif
