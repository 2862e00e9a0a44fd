#include "server/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

/* A peer that vanished counts as dropped within 30 s. */
#define KEEPALIVE_IDLE_S     10
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT      3
#define USER_TIMEOUT_MS      25000

static enum listener_status failed(char *why, const char *address, const char *reason)
{
    snprintf(why, LISTENER_WHY_MAX, "listen on %s: %s", address, reason);
    return LISTENER_FAILED;
}

/* --- unix sockets ---------------------------------------------------------------------------- */

/* Makes place for a socket file: takes away one that nobody answers at. */
static enum listener_status clear_path(const struct sockaddr_un *name, const char *address,
                                       char *why)
{
    struct stat there;
    int fd, error;

    if (lstat(name->sun_path, &there) != 0)
        return errno == ENOENT ? LISTENER_OK : failed(why, address, strerror(errno));
    if (!S_ISSOCK(there.st_mode))
        return failed(why, address, "something that is no socket is there");
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(why, address, strerror(errno));
    error = connect(fd, (const struct sockaddr *)name, sizeof *name) == 0 ? 0 : errno;
    close(fd);
    if (error == 0 || error == EAGAIN) { /* EAGAIN: it is there, and its backlog is full */
        failed(why, address, "another daemon answers there");
        return LISTENER_TAKEN;
    }
    if (error != ECONNREFUSED)
        return failed(why, address, strerror(error));
    return unlink(name->sun_path) == 0 ? LISTENER_OK : failed(why, address, strerror(errno));
}

static void make_folder(const char *path)
{
    char copy[LISTENER_TEXT_MAX];

    snprintf(copy, sizeof copy, "%s", path);
    mkdir(dirname(copy), 0755); /* when that fails, bind says why */
}

static enum listener_status open_unix(struct listener *listener, const char *address, uint32_t mode,
                                      char *why)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    enum listener_status status;
    struct stat file;

    snprintf(listener->path, sizeof listener->path, "%s", address + strlen("unix:"));
    if (listener->path[0] != '/')
        return failed(why, address, "a socket's path must begin with /");
    if (strlen(listener->path) >= sizeof name.sun_path)
        return failed(why, address, "a socket's path has at most 107 bytes");
    memcpy(name.sun_path, listener->path, strlen(listener->path) + 1);
    make_folder(listener->path);
    status = clear_path(&name, address, why);
    if (status != LISTENER_OK)
        return status;
    listener->is_local = true;
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0 || bind(listener->fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
        chmod(listener->path, (mode_t)mode) != 0 || lstat(listener->path, &file) != 0 ||
        listen(listener->fd, BACKLOG) != 0)
        return failed(why, address, strerror(errno));
    listener->device = file.st_dev;
    listener->inode = file.st_ino;
    snprintf(listener->address, sizeof listener->address, "%s", address);
    return LISTENER_OK;
}

/* --- TCP ------------------------------------------------------------------------------------- */

/* "host:port", "host", "[v6]:port" into two texts. */
static void split(const char *text, char *host, char *port)
{
    const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
    size_t n = strlen(text);

    strcpy(port, LISTENER_TCP_PORT);
    if (colon != NULL && (bracket == NULL || colon > bracket)) {
        snprintf(port, 32, "%s", colon + 1);
        n = (size_t)(colon - text);
    }
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']')
        snprintf(host, LISTENER_TEXT_MAX, "%.*s", (int)n - 2, text + 1);
    else
        snprintf(host, LISTENER_TEXT_MAX, "%.*s", (int)n, text);
}

static void tell_address(struct listener *listener)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t n = sizeof name;
    char host[INET6_ADDRSTRLEN] = "?", port[16] = "?";

    getsockname(listener->fd, (struct sockaddr *)&name, &n);
    getnameinfo((struct sockaddr *)&name, n, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(listener->address, sizeof listener->address,
             name.ss_family == AF_INET6 ? "tcp:[%s]:%s" : "tcp:%s:%s", host, port);
}

static enum listener_status open_tcp(struct listener *listener, const char *address, char *why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    char host[LISTENER_TEXT_MAX], port[32];
    int on = 1, error;

    split(address + strlen("tcp:"), host, port);
    error = getaddrinfo(host[0] == '\0' ? "127.0.0.1" : host, port, &hints, &found);
    if (error != 0)
        return failed(why, address, gai_strerror(error));
    listener->fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0 ||
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener->fd, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(listener->fd, BACKLOG) != 0) {
        error = errno;
        freeaddrinfo(found);
        failed(why, address, strerror(error));
        return error == EADDRINUSE ? LISTENER_TAKEN : LISTENER_FAILED;
    }
    freeaddrinfo(found);
    tell_address(listener);
    return LISTENER_OK;
}

enum listener_status listener_open(struct listener *listener, const char *address, uint32_t mode,
                                   char *why)
{
    enum listener_status status;

    *listener = (struct listener){.fd = -1};
    status = strncmp(address, "unix:", 5) == 0 ? open_unix(listener, address, mode, why)
                                               : open_tcp(listener, address, why);
    if (status != LISTENER_OK && listener->fd >= 0) {
        close(listener->fd);
        listener->fd = -1;
    }
    return status;
}

/* --- connections ----------------------------------------------------------------------------- */

static void know_local(int fd, struct peer *peer)
{
    struct ucred who = {.uid = UINT32_MAX};
    socklen_t n = sizeof who;

    peer->is_local = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0;
    peer->uid = who.uid;
    snprintf(peer->text, sizeof peer->text, "uid:%u", who.uid);
}

static void know_tcp(int fd, struct peer *peer)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t n = sizeof name;
    char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";
    int on = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTERVAL_S, count = KEEPALIVE_COUNT;
    unsigned timeout = USER_TIMEOUT_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
    getpeername(fd, (struct sockaddr *)&name, &n);
    getnameinfo((struct sockaddr *)&name, n, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(peer->text, sizeof peer->text,
             name.ss_family == AF_INET6 ? "tcp:[%s]:%s" : "tcp:%s:%s", host, port);
}

int listener_accept(const struct listener *listener, struct peer *peer)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    *peer = (struct peer){.is_local = false};
    if (fd < 0)
        return -1;
    if (listener->is_local)
        know_local(fd, peer);
    else
        know_tcp(fd, peer);
    return fd;
}

void listener_close(struct listener *listener)
{
    struct stat file;

    if (listener->fd < 0)
        return;
    if (listener->is_local && lstat(listener->path, &file) == 0 &&
        file.st_dev == listener->device && file.st_ino == listener->inode)
        unlink(listener->path);
    close(listener->fd);
    listener->fd = -1;
}
