/*
 * Where a Redis is, as people write it.
 *
 *     redis://[user[:password]@]host[:port][/db]
 *     unix:/path[?db=N]
 *
 * User and password may hold %XX. Port 6379 and database 0 where none is given.
 */
#ifndef STORE_REDIS_URL_H
#define STORE_REDIS_URL_H

#include <stdbool.h>

#define REDIS_TEXT_MAX 1024

struct redis_address {
    char host[REDIS_TEXT_MAX]; /* empty: `path` is a unix socket */
    char path[REDIS_TEXT_MAX];
    int port;
    int db;
    char user[REDIS_TEXT_MAX], password[REDIS_TEXT_MAX]; /* empty: none */
};

/* NULL: it is read; else what such an address must look like. */
const char *redis_url_read(const char *url, struct redis_address *address);

#endif
