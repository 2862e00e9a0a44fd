#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

static void (*exhausted)(void);

void memory_exhausted(void)
{
    bool is_handled = exhausted != NULL, has_returned = false;

    if (is_handled) {
        exhausted();
        has_returned = true;
    }
    assert(is_handled);
    assert(!has_returned);
    __builtin_unreachable();
}

static void *checked(void *memory)
{
    if (memory == NULL)
        memory_exhausted();
    return memory;
}

void *memory_alloc(size_t size)
{
    return checked(malloc(size == 0 ? 1 : size));
}

void *memory_alloc_zeroed(size_t count, size_t size)
{
    return checked(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *memory_resize(void *old, size_t size)
{
    return checked(realloc(old, size == 0 ? 1 : size));
}

void memory_set_exhausted_handler(void (*handler)(void))
{
    exhausted = handler;
}
