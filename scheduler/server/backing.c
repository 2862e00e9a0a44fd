#include "server/backing.h"

static const char *if_set(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

struct store *backing_create(enum config_backend backend, const struct config *config,
                             const struct state_dir *dir)
{
    struct store_sqlite_config sqlite = {dir->database, config->sqlite_readers};
    struct store_redis_config redis = {.url = config->redis,
                                       .user = if_set(config->redis_user),
                                       .password = if_set(config->redis_password),
                                       .prefix = config->redis_prefix,
                                       .instance = dir->instance,
                                       .known = dir->known,
                                       .allow_unsafe = config->allow_unsafe};

    switch (backend) {
    case BACKEND_MEMORY:
        return store_memory_create();
    case BACKEND_REDIS:
        return store_redis_create(&redis);
    default:
        return store_sqlite_create(&sqlite);
    }
}

const char *backing_id(enum config_backend backend, const struct store *store)
{
    return backend == BACKEND_REDIS ? store_redis_id(store) : "";
}
