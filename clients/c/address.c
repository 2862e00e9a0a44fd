#include "address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TCP_PORT "5625"

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool address_default(char *address)
{
    const char *given = environment("LOCKQ_ADDR"), *folder;
    int n;

    if (given != NULL)
        n = snprintf(address, ADDRESS_MAX, "%s", given);
    else if ((folder = environment("RUNTIME_DIRECTORY")) != NULL)
        n = snprintf(address, ADDRESS_MAX, "unix:%s/lockqd.sock", folder);
    else if (geteuid() != 0 && (folder = environment("XDG_RUNTIME_DIR")) != NULL)
        n = snprintf(address, ADDRESS_MAX, "unix:%s/lockq/lockqd.sock", folder);
    else
        n = snprintf(address, ADDRESS_MAX, "unix:/run/lockq/lockqd.sock");
    return n < ADDRESS_MAX;
}

bool address_is_local(const char *address)
{
    return strncmp(address, "unix:", 5) == 0;
}

static int not_understood(void)
{
    errno = 0;
    return -1;
}

/* A machine that has vanished is noticed within half a minute, as the daemon notices a client. */
static void watch_peer(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {{IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
                   {IPPROTO_TCP, TCP_KEEPIDLE, 10}, {IPPROTO_TCP, TCP_KEEPINTVL, 5},
                   {IPPROTO_TCP, TCP_KEEPCNT, 4},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000}};

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof options[i].value);
}

/* Closes the descriptor unless it connects or will; keeps errno. */
static int begin(int fd, const struct sockaddr *name, socklen_t n)
{
    if (fd >= 0 && connect(fd, name, n) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    if (path[0] == '\0' || strlen(path) >= sizeof name.sun_path)
        return not_understood();
    strcpy(name.sun_path, path);
    return begin(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                 (const struct sockaddr *)&name, sizeof name);
}

/* Of a higher number the resolver would take the lower bits, and find somebody else's port. */
static bool is_port(const char *port)
{
    char *end;

    return strtoul(port, &end, 10) <= UINT16_MAX || *end != '\0';
}

static int connect_tcp(const char *text)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found, *one;
    const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
    size_t n = strlen(text);
    char host[ADDRESS_MAX], port[32] = TCP_PORT;
    int fd = -1, error;

    if (colon != NULL && (bracket == NULL || colon > bracket)) {
        snprintf(port, sizeof port, "%s", colon + 1);
        n = (size_t)(colon - text);
    }
    if (!is_port(port))
        return not_understood();
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']')
        snprintf(host, sizeof host, "%.*s", (int)n - 2, text + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)n, text);
    error = getaddrinfo(host, port, &hints, &found);
    if (error == EAI_AGAIN || error == EAI_NONAME) {
        /* The name service is away, or does not know the host: it may at the next attempt. */
        errno = error == EAI_AGAIN ? EHOSTUNREACH : ENXIO;
        return -1;
    }
    if (error != 0)
        return not_understood();
    /* A port that is closed on this machine is refused at once: localhost has two addresses. */
    for (one = found; one != NULL && fd < 0; one = one->ai_next)
        fd = begin(socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                   one->ai_addr, one->ai_addrlen);
    error = errno;
    freeaddrinfo(found);
    errno = error;
    if (fd >= 0)
        watch_peer(fd);
    return fd;
}

int address_connect(const char *address)
{
    if (address_is_local(address))
        return connect_unix(address + 5);
    return strncmp(address, "tcp:", 4) == 0 ? connect_tcp(address + 4) : not_understood();
}
