#include "store/redis_url.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "store/store.h"

#define REDIS_PORT 6379
#define EXPECTED   "redis://[user[:password]@]host[:port][/db] or unix:/path[?db=N]"

/* A number from `least` to `most` that takes the whole text. */
static bool read_number(const char *text, long least, long most, int *number)
{
    char *end;
    long read;

    if (!isdigit((unsigned char)*text))
        return false;
    read = strtol(text, &end, 10);
    *number = (int)read;
    return *end == '\0' && read >= least && read <= most;
}

static bool read_hex(const char *two, char *byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *high = strchr(digits, tolower((unsigned char)two[0]));
    const char *low = strchr(digits, tolower((unsigned char)two[1]));

    if (high == NULL || low == NULL)
        return false;
    *byte = (char)((high - digits) * 16 + (low - digits));
    return true;
}

/* Copies n bytes, with %XX decoded if it says so. False: too long, or nonsense. */
static bool copy(char *to, const char *from, size_t n, bool is_encoded)
{
    size_t k = 0;

    if (n >= REDIS_TEXT_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        to[k] = from[i];
        if (is_encoded && from[i] == '%') {
            if (i + 2 >= n || !read_hex(from + i + 1, &to[k]))
                return false;
            i += 2;
        }
        if (to[k++] == '\0')
            return false;
    }
    to[k] = '\0';
    return true;
}

static bool read_user(const char *from, size_t n, struct redis_address *address)
{
    const char *colon = memchr(from, ':', n);
    size_t n_user = colon == NULL ? n : (size_t)(colon - from);

    return copy(address->user, from, n_user, true) &&
           (colon == NULL || copy(address->password, colon + 1, n - n_user - 1, true));
}

/* host[:port]; a host with colons of its own stands in brackets. */
static bool read_host(const char *from, size_t n, struct redis_address *address)
{
    const char *close = n > 0 && *from == '[' ? memchr(from, ']', n) : NULL;
    const char *behind = close == NULL ? from : close + 1;
    const char *colon = memchr(behind, ':', n - (size_t)(behind - from));
    size_t n_host = colon == NULL ? n : (size_t)(colon - from);
    char port[16];

    if (colon != NULL) {
        if (n - n_host > sizeof port)
            return false;
        memcpy(port, colon + 1, n - n_host - 1);
        port[n - n_host - 1] = '\0';
        if (!read_number(port, 1, 65535, &address->port))
            return false;
    }
    if (close != NULL)
        return n_host == (size_t)(close + 1 - from) &&
               copy(address->host, from + 1, n_host - 2, false) && address->host[0] != '\0';
    return n_host > 0 && copy(address->host, from, n_host, false);
}

static bool read_tcp(const char *rest, struct redis_address *address)
{
    const char *slash = strchr(rest, '/');
    size_t n = slash == NULL ? strlen(rest) : (size_t)(slash - rest);
    const char *at = memrchr(rest, '@', n);

    if (at != NULL) {
        if (!read_user(rest, (size_t)(at - rest), address))
            return false;
        n -= (size_t)(at + 1 - rest);
        rest = at + 1;
    }
    return read_host(rest, n, address) && (slash == NULL || slash[1] == '\0' ||
                                           read_number(slash + 1, 0, INT32_MAX, &address->db));
}

static bool read_unix(const char *rest, struct redis_address *address)
{
    const char *query = strstr(rest, "?db=");
    size_t n = query == NULL ? strlen(rest) : (size_t)(query - rest);

    return n > 0 && n < sizeof((struct sockaddr_un *)NULL)->sun_path && *rest == '/' &&
           copy(address->path, rest, n, false) &&
           (query == NULL || read_number(query + 4, 0, INT32_MAX, &address->db));
}

const char *redis_url_read(const char *url, struct redis_address *address)
{
    bool is_read = false;

    *address = (struct redis_address){.port = REDIS_PORT};
    if (strncmp(url, "redis://", 8) == 0)
        is_read = read_tcp(url + 8, address);
    else if (strncmp(url, "unix:", 5) == 0)
        is_read = read_unix(url + 5, address);
    return is_read ? NULL : EXPECTED;
}

const char *store_redis_check_url(const char *url)
{
    struct redis_address address;
    return redis_url_read(url, &address);
}
