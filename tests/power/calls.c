/*
 * The system calls that the store makes itself, on the disk that is current: the linker gives them
 * these names. Whatever is not one of the store's files is the system's own. `open` is called
 * `open64` in a program that was compiled for large files, as one with hiredis is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"

#define FD_FIRST  100000
#define FD_FOLDER (FD_FIRST - 1)
#define FDS       8

int __real_open(const char *path, int flags, mode_t mode);
int __real_close(int fd);
ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __real_write(int fd, const void *from, size_t n);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);

int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...) __attribute__((alias("__wrap_open")));
int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

static struct {
    struct file *file; /* NULL: free */
    size_t at;
} fds[FDS];

static bool is_ours(int fd)
{
    return fd >= FD_FIRST && fd < FD_FIRST + FDS;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;

    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(arguments, mode_t);
    va_end(arguments);
    if (vfs_disk == NULL || strncmp(path, POWER_FOLDER, strlen(POWER_FOLDER)) != 0)
        return __real_open(path, flags, mode);
    if (vfs_disk->is_off)
        return fail(EIO);
    if ((flags & O_DIRECTORY) != 0)
        return FD_FOLDER;
    for (int i = 0; i < FDS; i++) {
        if (fds[i].file != NULL)
            continue;
        fds[i].file = disk_open(vfs_disk, path, (flags & O_CREAT) != 0);
        fds[i].at = 0;
        if (fds[i].file == NULL)
            return fail(ENOENT);
        if ((flags & O_TRUNC) != 0)
            disk_truncate(vfs_disk, fds[i].file, 0);
        return FD_FIRST + i;
    }
    return fail(EMFILE);
}

int __wrap_close(int fd)
{
    if (fd == FD_FOLDER)
        return 0;
    if (!is_ours(fd))
        return __real_close(fd);
    fds[fd - FD_FIRST].file = NULL;
    return 0;
}

ssize_t __wrap_read(int fd, void *to, size_t n)
{
    size_t there;

    if (!is_ours(fd))
        return __real_read(fd, to, n);
    if (vfs_disk->is_off)
        return fail(EIO);
    there = fds[fd - FD_FIRST].file->now.n - fds[fd - FD_FIRST].at;
    n = n < there ? n : there;
    if (n > 0)
        memcpy(to, fds[fd - FD_FIRST].file->now.at + fds[fd - FD_FIRST].at, n);
    fds[fd - FD_FIRST].at += n;
    return (ssize_t)n;
}

ssize_t __wrap_write(int fd, const void *from, size_t n)
{
    if (!is_ours(fd))
        return __real_write(fd, from, n);
    if (vfs_disk->is_off)
        return fail(EIO);
    disk_write(vfs_disk, fds[fd - FD_FIRST].file, from, n, fds[fd - FD_FIRST].at);
    fds[fd - FD_FIRST].at += n;
    return (ssize_t)n;
}

int __wrap_fsync(int fd)
{
    if (fd != FD_FOLDER && !is_ours(fd))
        return __real_fsync(fd);
    if (vfs_disk->is_off)
        return fail(EIO);
    if (fd == FD_FOLDER)
        return disk_sync_folder(vfs_disk) ? 0 : fail(EIO);
    return disk_sync(vfs_disk, fds[fd - FD_FIRST].file) ? 0 : fail(EIO);
}

int __wrap_rename(const char *from, const char *to)
{
    if (vfs_disk == NULL || strncmp(from, POWER_FOLDER, strlen(POWER_FOLDER)) != 0)
        return __real_rename(from, to);
    if (vfs_disk->is_off)
        return fail(EIO);
    disk_rename(vfs_disk, from, to);
    return 0;
}
