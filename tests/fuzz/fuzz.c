#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fuzz_object(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

uint64_t input_number(struct input *input)
{
    uint64_t number = 0;

    for (int i = 0; i < 64; i += 8)
        number |= (uint64_t)input_byte(input) << i;
    return number;
}

struct slice input_slice(struct input *input, uint32_t n)
{
    size_t left = (size_t)(input->end - input->at);
    struct slice slice = {(const char *)input->at, left < n ? (uint32_t)left : n};

    input->at += slice.n;
    return slice;
}
