/*
 * A library to be preloaded: it lets the n-th call of one family fail.
 *
 *     FAULT         the family: a name of the list below
 *     FAULT_AT      n, counted from 1 over the whole process; 0: only count
 *     FAULT_ERRNO   what the call fails with; 0: it succeeds but moves one byte only
 *     FAULT_LASTING set: every call from the n-th on fails, as on a disk that stays full
 *     FAULT_REPORT  a file that gets a line when the fault is reached, and one at exit: how often
 *                   each family was called and how much memory had not been given back
 *
 * A family is what fails together in the world: `pread` are reads of files at a place (SQLite's),
 * `read` and `write` those of regular files only, `recv` and `send` those of sockets. A call that
 * fails is not made. The system's functions are looked up when the library is loaded, the
 * allocator's are glibc's own names, for looking up allocates. Standard error is left alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAMILIES(X)                                                                                \
    X(alloc)                                                                                       \
    X(recv)                                                                                        \
    X(send)                                                                                        \
    X(accept)                                                                                      \
    X(pread)                                                                                       \
    X(pwrite)                                                                                      \
    X(read)                                                                                        \
    X(write)                                                                                       \
    X(fsync)                                                                                       \
    X(open)                                                                                        \
    X(ftruncate)                                                                                   \
    X(rename)                                                                                      \
    X(unlink)                                                                                      \
    X(stat)                                                                                        \
    X(lock)                                                                                        \
    X(mkdir)                                                                                       \
    X(chmod)                                                                                       \
    X(socket)                                                                                      \
    X(connect)                                                                                     \
    X(poll) X(descriptor) X(pipe) X(watch) X(wait) X(wake) X(thread) X(random) X(close)

enum family {
#define X(name) FAMILY_##name,
    FAMILIES(X)
#undef X
        FAMILIES_N
};

static const char *const names[] = {
#define X(name) #name,
    FAMILIES(X)
#undef X
};

static atomic_long calls[FAMILIES_N], live;
static enum family chosen = FAMILIES_N;
static long at;
static int error;
static bool lasts, is_counting;
static const char *report;

/* --- the fault ------------------------------------------------------------------------------- */

/* Without stdio: it may be the allocator that asks. */
static void tell(const char *text)
{
    int fd;

    if (report == NULL)
        return;
    fd = (int)syscall(SYS_openat, AT_FDCWD, report, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0)
        return;
    syscall(SYS_write, fd, text, strlen(text));
    syscall(SYS_close, fd);
}

/* Whether this call is to fail; errno is then set. */
static bool fails(enum family family)
{
    long n;

    if (!is_counting)
        return false;
    n = atomic_fetch_add(&calls[family], 1) + 1;
    if (family != chosen || at == 0 || (lasts ? n < at : n != at))
        return false;
    if (n == at)
        tell("reached\n");
    errno = error;
    return true;
}

__attribute__((constructor)) static void begin(void)
{
    const char *family = getenv("FAULT"), *n = getenv("FAULT_AT"), *code = getenv("FAULT_ERRNO");

    for (int i = 0; family != NULL && i < FAMILIES_N; i++)
        if (strcmp(names[i], family) == 0)
            chosen = i;
    at = n == NULL ? 0 : atol(n);
    error = code == NULL ? EIO : atoi(code);
    lasts = getenv("FAULT_LASTING") != NULL;
    report = getenv("FAULT_REPORT");
    is_counting = true;
}

__attribute__((destructor)) static void finish(void)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "exit live=%ld", atomic_load(&live));

    is_counting = false;
    for (int i = 0; i < FAMILIES_N; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " %s=%ld", names[i], calls[i]);
    snprintf(text + n, sizeof text - (size_t)n, "\n");
    tell(text);
}

/* --- memory ---------------------------------------------------------------------------------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *memory);

static void *counted(void *memory)
{
    if (memory != NULL)
        atomic_fetch_add(&live, 1);
    return memory;
}

void *malloc(size_t size)
{
    return fails(FAMILY_alloc) ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails(FAMILY_alloc) ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (old == NULL)
        return malloc(size);
    return fails(FAMILY_alloc) ? NULL : __libc_realloc(old, size);
}

void free(void *memory)
{
    if (memory != NULL)
        atomic_fetch_sub(&live, 1);
    __libc_free(memory);
}

/* --- the system's ---------------------------------------------------------------------------- */

/* NEXT(name): the function that this one stands before. Looked up at each call: these are system
 * calls, and a look-up costs little beside one. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool is_kind(int fd, mode_t kind)
{
    struct stat file;
    return syscall(SYS_newfstatat, fd, "", &file, AT_EMPTY_PATH) == 0 &&
           (file.st_mode & S_IFMT) == kind;
}

/* Which family a plain read or write belongs to: what is neither file nor socket wakes the loop. */
static enum family family_of(int fd, enum family of_file, enum family of_socket)
{
    return is_kind(fd, S_IFREG) ? of_file : is_kind(fd, S_IFSOCK) ? of_socket : FAMILY_wake;
}

/* A call that moves n bytes: it fails, or moves one byte only. */
#define MOVES(family, n)                                                                           \
    if (fails(family)) {                                                                           \
        if (error != 0)                                                                            \
            return -1;                                                                             \
        (n) = (n) > 1 ? 1 : (n);                                                                   \
    }

ssize_t read(int fd, void *bytes, size_t n)
{
    MOVES(family_of(fd, FAMILY_read, FAMILY_recv), n)
    return NEXT(read)(fd, bytes, n);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    if (fd != STDERR_FILENO)
        MOVES(family_of(fd, FAMILY_write, FAMILY_send), n)
    return NEXT(write)(fd, bytes, n);
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    MOVES(FAMILY_recv, n)
    return NEXT(recv)(fd, bytes, n, flags);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    MOVES(FAMILY_send, n)
    return NEXT(send)(fd, bytes, n, flags);
}

#define PLACED(name, of, bytes_type)                                                               \
    ssize_t name(int fd, bytes_type bytes, size_t n, off_t place)                                  \
    {                                                                                              \
        MOVES(FAMILY_##of, n)                                                                      \
        return NEXT(name)(fd, bytes, n, place);                                                    \
    }
PLACED(pread, pread, void *)
PLACED(pread64, pread, void *)
PLACED(pwrite, pwrite, const void *)
PLACED(pwrite64, pwrite, const void *)

/* FAILS(result, name, family, (parameters), (arguments)) */
#define FAILS(result, name, family, parameters, arguments)                                         \
    result name parameters                                                                         \
    {                                                                                              \
        return fails(FAMILY_##family) ? (result)-1 : NEXT(name) arguments;                         \
    }

FAILS(int, fsync, fsync, (int fd), (fd))
FAILS(int, fdatasync, fsync, (int fd), (fd))
FAILS(int, ftruncate, ftruncate, (int fd, off_t n), (fd, n))
FAILS(int, ftruncate64, ftruncate, (int fd, off_t n), (fd, n))
FAILS(int, rename, rename, (const char *from, const char *to), (from, to))
FAILS(int, unlink, unlink, (const char *path), (path))
FAILS(int, stat, stat, (const char *path, struct stat *file), (path, file))
FAILS(int, stat64, stat, (const char *path, struct stat64 *file), (path, file))
FAILS(int, lstat, stat, (const char *path, struct stat *file), (path, file))
FAILS(int, lstat64, stat, (const char *path, struct stat64 *file), (path, file))
FAILS(int, fstat, stat, (int fd, struct stat *file), (fd, file))
FAILS(int, fstat64, stat, (int fd, struct stat64 *file), (fd, file))
FAILS(int, flock, lock, (int fd, int how), (fd, how))
FAILS(int, mkdir, mkdir, (const char *path, mode_t mode), (path, mode))
FAILS(int, chmod, chmod, (const char *path, mode_t mode), (path, mode))
FAILS(int, socket, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAILS(int, bind, socket, (int fd, const struct sockaddr *name, socklen_t n), (fd, name, n))
FAILS(int, listen, socket, (int fd, int backlog), (fd, backlog))
FAILS(int, connect, connect, (int fd, const struct sockaddr *name, socklen_t n), (fd, name, n))
FAILS(int, poll, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
FAILS(int, accept4, accept, (int fd, struct sockaddr *name, socklen_t *n, int flags),
      (fd, name, n, flags))
FAILS(int, epoll_create1, descriptor, (int flags), (flags))
FAILS(int, eventfd, descriptor, (unsigned n, int flags), (n, flags))
FAILS(int, pipe2, pipe, (int fds[2], int flags), (fds, flags))
FAILS(int, epoll_ctl, watch, (int fd, int what, int of, struct epoll_event *event),
      (fd, what, of, event))
FAILS(int, epoll_wait, wait, (int fd, struct epoll_event *events, int n, int ms),
      (fd, events, n, ms))
FAILS(int, epoll_pwait, wait,
      (int fd, struct epoll_event *events, int n, int ms, const sigset_t *mask),
      (fd, events, n, ms, mask))
FAILS(ssize_t, getrandom, random, (void *bytes, size_t n, unsigned flags), (bytes, n, flags))

/* What it closes is closed all the same, as on Linux. */
int close(int fd)
{
    int result = NEXT(close)(fd);
    return fails(FAMILY_close) ? -1 : result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*work)(void *), void *data)
{
    return fails(FAMILY_thread) ? errno : NEXT(pthread_create)(thread, how, work, data);
}

#define OPENS(name)                                                                                \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list rest;                                                                              \
        mode_t mode;                                                                               \
        va_start(rest, flags);                                                                     \
        mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;                         \
        va_end(rest);                                                                              \
        return fails(FAMILY_open) ? -1 : NEXT(name)(path, flags, mode);                            \
    }
OPENS(open)
OPENS(open64)

/* SQLite's locks. A pointer is as wide as whatever else comes here. */
#define CONTROLS(name)                                                                             \
    int name(int fd, int what, ...)                                                                \
    {                                                                                              \
        va_list rest;                                                                              \
        void *value;                                                                               \
        va_start(rest, what);                                                                      \
        value = va_arg(rest, void *);                                                              \
        va_end(rest);                                                                              \
        return what == F_SETLK && fails(FAMILY_lock) ? -1 : NEXT(name)(fd, what, value);           \
    }
CONTROLS(fcntl)
CONTROLS(fcntl64)
