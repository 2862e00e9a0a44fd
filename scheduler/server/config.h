/*
 * Configuration: `name = value`, one setting a line, `#` begins a comment.
 *
 * Every limit of limits.h is a setting by its name. Sizes take K, M, G; durations take ms, s, m, h,
 * d. A bare number is bytes or milliseconds, as hello tells the limits.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/limits.h"
#include "server/log.h"

#define CONFIG_LISTEN_MAX      16
#define CONFIG_SOCKET_PATH_MAX 107 /* what the system takes */
#define CONFIG_ADMIN_MAX       64
#define CONFIG_TEXT_MAX        1024
#define CONFIG_WHY_MAX         512

enum config_backend { BACKEND_AUTO, BACKEND_SQLITE, BACKEND_REDIS, BACKEND_MEMORY };

extern const char *const config_backend_names[BACKEND_MEMORY + 1];

struct config {
    struct server_limits limits;
    char listen[CONFIG_LISTEN_MAX][CONFIG_TEXT_MAX]; /* "unix:/path", "tcp:host:port" */
    uint32_t n_listen;
    char state_dir[CONFIG_TEXT_MAX];
    char redis[CONFIG_TEXT_MAX]; /* a URL; empty: none is configured */
    char redis_user[CONFIG_TEXT_MAX], redis_password[CONFIG_TEXT_MAX]; /* empty: the URL's */
    char redis_prefix[CONFIG_TEXT_MAX];
    enum config_backend backend;
    uint32_t admin[CONFIG_ADMIN_MAX]; /* user ids */
    uint32_t n_admin;
    uint32_t socket_mode;
    uint64_t low_disk; /* bytes */
    bool sqlite_readers;
    bool allow_unsafe; /* settings of Redis that can lose answers */
    bool forget_backend;
    enum log_level log_level;
};

/* The defaults, without `listen` and `state_dir`: config_complete finds those. */
void config_init(struct config *config);

/* One setting; `listen` adds one. False: `why` (CONFIG_WHY_MAX bytes) says what is wrong. */
bool config_set(struct config *config, const char *name, const char *value, char *why);

/* Reads a file. A setting other than `listen` may stand in it once. False: `why` begins with
 * FILE:LINE. */
bool config_read(struct config *config, const char *file, char *why);

/* Fills in what was not said from the environment, and checks what belongs together. */
bool config_complete(struct config *config, char *why);

#endif
