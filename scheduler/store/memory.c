/*
 * The store that keeps nothing: for tests, benchmarks and locks that need not survive.
 *
 * What it is given is forgotten at once; a daemon that starts on it starts empty.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "store/store.h"

static struct store_result memory_open(struct store *store, const struct store_recovery *recovery,
                                       struct store_meta *meta)
{
    (void)store;
    (void)recovery;
    *meta = (struct store_meta){0};
    return (struct store_result){.status = STORE_OK};
}

static struct store_result memory_commit(struct store *store, const struct store_batch *batch)
{
    (void)store;
    (void)batch;
    return (struct store_result){.status = STORE_OK};
}

static uint64_t memory_free_bytes(struct store *store)
{
    (void)store;
    return UINT64_MAX;
}

static struct store_result memory_on_idle(struct store *store)
{
    (void)store;
    return (struct store_result){.status = STORE_OK};
}

static void memory_close(struct store *store)
{
    free(store);
}

static const struct store_interface memory_interface = {
    .backend = "memory",
    .keeps_nothing = true,
    .open = memory_open,
    .commit = memory_commit,
    .free_bytes = memory_free_bytes,
    .on_idle = memory_on_idle,
    .close = memory_close,
};

struct store *store_memory_create(void)
{
    struct store *store = memory_alloc_zeroed(1, sizeof *store);
    store->is = &memory_interface;
    return store;
}
