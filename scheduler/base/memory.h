/*
 * Memory: allocation that does not come back empty-handed.
 *
 * Limits keep a full table an answer (over_limit); what is left is a machine without memory.
 * Then the daemon stops before it answers: nothing that was answered is lost by that, and no
 * caller needs a path for NULL. The handler tells the outside world and must not return; without
 * one an assertion ends the process.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* Sizes in bytes; a size of 0 is taken as 1. Free with free(). Cost: as malloc, calloc, realloc. */
void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *memory_alloc_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *memory_resize(void *old, size_t size) __attribute__((returns_nonnull));

/* A library has found none, and cannot go on without: as if an allocation of ours had failed. */
void memory_exhausted(void) __attribute__((noreturn));

/* For the whole process; `handler` may be NULL (assertion). Not for use while threads run. */
void memory_set_exhausted_handler(void (*handler)(void));

#endif
