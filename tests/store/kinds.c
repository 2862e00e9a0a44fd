/*
 * The stores that the suite runs over.
 */
#include "kit.h"
#include "redis_server.h"

static struct store *create_sqlite(void)
{
    struct store_sqlite_config config = {.path = kit_path("lockq.db")};
    return store_sqlite_create(&config);
}

static struct store *create_redis(void)
{
    return redis_server_store("one");
}

static struct store *create_other_redis(void)
{
    return redis_server_store("another");
}

const struct kind kind_memory = {.name = "memory", .create = store_memory_create};

const struct kind kind_sqlite = {
    .name = "sqlite", .keeps = true, .create = create_sqlite, .create_other = create_sqlite};

const struct kind kind_redis = {.name = "redis",
                                .keeps = true,
                                .set_up = redis_server_start,
                                .tear_down = redis_server_stop,
                                .create = create_redis,
                                .create_other = create_other_redis};
