/*
 * Connecting: to a unix socket, or to each address of a name in turn.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/redis_store.h"

#define CONNECT_MS 2000 /* to one address */
#define LOOK_MS    100  /* between looks whether to give up */

bool redis_wait(struct redis_store *store, int fd, short events, int within_ms)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int64_t begun_ms = redis_now_ms();

    while (!store->has_given_up && redis_now_ms() - begun_ms <= within_ms) {
        int n = poll(&polled, 1, LOOK_MS);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR) {
            redis_note(store, REDIS_AWAY, "poll: %s", strerror(errno));
            return false;
        }
    }
    redis_note(store, REDIS_AWAY, "no answer within %d s", within_ms / 1000);
    return false;
}

/* Waits for a connection that is under way; `error` is that of connect. */
static bool is_made(struct redis_store *store, int fd, int error)
{
    socklen_t size = sizeof error;

    if (error == EINPROGRESS || error == EINTR) {
        if (!redis_wait(store, fd, POLLOUT, CONNECT_MS))
            return false;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
    }
    if (error != 0)
        redis_note(store, REDIS_AWAY, "cannot connect: %s", strerror(error));
    return error == 0;
}

static int connect_to(struct redis_store *store, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        redis_note(store, REDIS_AWAY, "cannot connect: %s", strerror(errno));
        return -1;
    }
    if (is_made(store, fd, connect(fd, address, size) == 0 ? 0 : errno))
        return fd;
    close(fd);
    return -1;
}

static int connect_unix(struct redis_store *store)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%.107s", store->address.path);
    return connect_to(store, (const struct sockaddr *)&address, sizeof address);
}

/* A peer that has vanished is not waited for (redis_wait): keepalive is for idle connections, which
 * something on the way might forget. */
static int connect_tcp(struct redis_store *store)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    char port[8];
    int on = 1, fd = -1, error;

    snprintf(port, sizeof port, "%d", store->address.port);
    error = getaddrinfo(store->address.host, port, &hints, &all);
    if (error == EAI_MEMORY)
        memory_exhausted();
    if (error != 0) {
        redis_note(store, REDIS_AWAY, "cannot connect: %s", gai_strerror(error));
        return -1;
    }
    for (struct addrinfo *one = all; one != NULL && fd < 0; one = one->ai_next)
        fd = connect_to(store, one->ai_addr, one->ai_addrlen);
    freeaddrinfo(all);
    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return fd;
}

int redis_connect(struct redis_store *store)
{
    return store->address.host[0] == '\0' ? connect_unix(store) : connect_tcp(store);
}
