/*
 * SQLite's view of the disk. One process, exclusive: locks are always free, and no shared memory is
 * needed. What is not about files is the usual VFS's.
 */
#include <sqlite3.h>
#include <string.h>

#include "disk.h"

struct disk *vfs_disk;

struct handle {
    sqlite3_file base;
    struct file *file;
};

static struct file *file_of(sqlite3_file *base)
{
    return ((struct handle *)base)->file;
}

static int on_close(sqlite3_file *base)
{
    (void)base;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *base, void *to, int n, sqlite3_int64 offset)
{
    const struct bytes *now = &file_of(base)->now;
    size_t from = (size_t)offset, wanted = (size_t)n;
    size_t there = from < now->n ? now->n - from : 0;

    if (vfs_disk->is_off)
        return SQLITE_IOERR_READ;
    there = there < wanted ? there : wanted;
    if (there > 0)
        memcpy(to, now->at + from, there);
    memset((char *)to + there, 0, wanted - there);
    return there < wanted ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int on_write(sqlite3_file *base, const void *from, int n, sqlite3_int64 offset)
{
    if (vfs_disk->is_off)
        return SQLITE_IOERR_WRITE;
    disk_write(vfs_disk, file_of(base), from, (size_t)n, (size_t)offset);
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 n)
{
    if (vfs_disk->is_off)
        return SQLITE_IOERR_TRUNCATE;
    disk_truncate(vfs_disk, file_of(base), (size_t)n);
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    return !vfs_disk->is_off && disk_sync(vfs_disk, file_of(base)) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int on_file_size(sqlite3_file *base, sqlite3_int64 *n)
{
    *n = (sqlite3_int64)file_of(base)->now.n;
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int on_is_locked(sqlite3_file *base, int *is_locked)
{
    (void)base;
    *is_locked = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *base, int what, void *argument)
{
    (void)base;
    (void)what;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *base)
{
    (void)base;
    return DISK_SECTOR;
}

static int on_characteristics(sqlite3_file *base)
{
    (void)base;
    return vfs_disk->is_powersafe ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_is_locked,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out)
{
    struct handle *handle = (struct handle *)base;

    (void)vfs;
    handle->base.pMethods = NULL;
    if (vfs_disk->is_off || name == NULL)
        return SQLITE_CANTOPEN;
    /* The store makes the database itself, so it is to be opened and not made. */
    handle->file = disk_open(vfs_disk, name, true);
    if (handle->file == NULL)
        return SQLITE_CANTOPEN;
    handle->base.pMethods = &methods;
    if (out != NULL)
        *out = flags;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    (void)sync_folder;
    if (vfs_disk->is_off)
        return SQLITE_IOERR_DELETE;
    disk_delete(vfs_disk, name);
    return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *is_there)
{
    const struct file *file = disk_open(vfs_disk, name, false);

    (void)vfs;
    /* As the usual VFS: an empty file is none. */
    *is_there = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->now.n > 0);
    return SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *name, int n, char *to)
{
    (void)vfs;
    sqlite3_snprintf(n, to, "%s", name);
    return SQLITE_OK;
}

void vfs_register(void)
{
    static sqlite3_vfs vfs;

    vfs = *sqlite3_vfs_find(NULL);
    vfs.iVersion = 1;
    vfs.szOsFile = sizeof(struct handle);
    vfs.zName = "lockq-power";
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    vfs.xAccess = on_access;
    vfs.xFullPathname = on_full_path;
    sqlite3_vfs_register(&vfs, 1);
}
