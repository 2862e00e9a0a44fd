/*
 * Making durable what the WAL shows, before anybody believes it.
 *
 * After a sync that failed, Linux keeps what was written readable and never writes it: the next
 * sync finds nothing to do and succeeds. SQLite would then read commits from the WAL that are not
 * on the disk, copy them into the database, and cut the WAL; a power loss before that cut is on the
 * disk brings the older, shorter WAL back over the newer database, and what was a whole state is
 * none any more. (The simulated disk of tests/power shows it.) So the WAL is copied, the copy
 * synced, and put in its place: what is read from then on is on the disk. Written over in its own
 * place it would be at risk itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/sqlite_store.h"

#define PIECE ((size_t)64 * 1024)

/* Returns the errno of what failed, 0: nothing. */
static int copy_all(int from, int to)
{
    char *piece = memory_alloc(PIECE);
    ssize_t n;
    int error = 0;

    while (error == 0 && (n = read(from, piece, PIECE)) != 0) {
        if (n < 0 && errno != EINTR)
            error = errno;
        for (ssize_t done = 0, written; error == 0 && done < n; done += written) {
            written = write(to, piece + done, (size_t)(n - done));
            if (written < 0 && errno != EINTR)
                error = errno;
            written = written < 0 ? 0 : written;
        }
    }
    free(piece);
    return error == 0 && fsync(to) != 0 ? errno : error;
}

static int copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out, error;

    if (in < 0)
        return errno;
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    error = out < 0 ? errno : copy_all(in, out);
    close(in);
    if (out >= 0)
        close(out);
    return error;
}

/* The new name is on the disk, too. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    free(folder);
    return error;
}

struct store_result sqlite_renew_wal(struct sqlite_store *store)
{
    size_t n = strlen(store->path) + sizeof "-wal-new";
    char *wal = memory_alloc(n), *copy = memory_alloc(n);
    int error;

    snprintf(wal, n, "%s-wal", store->path);
    snprintf(copy, n, "%s-wal-new", store->path);
    error = copy_file(wal, copy);
    if (error == 0 && rename(copy, wal) != 0)
        error = errno;
    if (error == 0)
        error = sync_folder(store->path);
    free(wal);
    free(copy);
    return error == 0 || error == ENOENT ? sqlite_fine()
                                         : sqlite_result(STORE_FAILED, "open store: %s-wal: %s",
                                                         store->path, strerror(error));
}

ino_t sqlite_wal_inode(const struct sqlite_store *store)
{
    const char *wal = sqlite3_filename_wal(sqlite3_db_filename(store->db, "main"));
    struct stat file;

    return wal != NULL && stat(wal, &file) == 0 ? file.st_ino : 0;
}
