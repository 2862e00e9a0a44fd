/*
 * A disk in memory that forgets what was not synced.
 *
 * Each file has what programs see (`now`), what a power loss cannot take (`synced`), and the writes
 * between the two. At a loss each sector of each of those writes is kept, dropped or garbled, a
 * write may end in its middle, and a truncation may have happened or not, all as chance has it and
 * in no order. A sector is 512 bytes. With `is_powersafe` bytes beside a write stay as they are;
 * without it the whole of a sector may be garbled that was being written to.
 *
 * A file that was made and never synced may be gone. (SQLite syncs the folder of a new WAL with its
 * first sync, which is when the database beside it gets its name too.) A file that was renamed may
 * have its old name and content again until the folder was synced.
 *
 * A sync that fails leaves what was written readable, but it never comes to the disk: so Linux does
 * it. Only writing it again helps.
 */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../simulation/random.h"

#define DISK_FILES  4
#define DISK_SECTOR 512

struct bytes {
    unsigned char *at; /* owned */
    size_t n, cap;
};

struct write {
    bool is_truncation; /* to `offset` */
    size_t offset, n;
    unsigned char *data; /* owned */
};

struct file {
    char name[128];
    bool exists, was_synced;
    struct bytes now, synced;
    struct write *pending;
    size_t n_pending, cap_pending;
    struct file *replaced; /* that had this name before a rename that is not on the disk yet */
};

struct disk {
    struct file files[DISK_FILES];
    bool is_powersafe;
    bool is_off; /* nothing works any more */
    uint64_t calls, syncs;
    uint64_t fail_sync; /* the n-th fails; 0: none */
    uint64_t off_at;    /* it is off after so many calls; 0: never */
    /* After each call that changes something; may be NULL. */
    void (*on_call)(struct disk *disk, void *context);
    void *context;
};

void disk_finish(struct disk *disk);
/* As it is, without on_call. */
void disk_clone(const struct disk *from, struct disk *to);
/* The power goes and comes back. */
void disk_lose(struct disk *disk, struct chance *chance);

/* NULL: there is no such file, or with `create` no room for one. */
struct file *disk_open(struct disk *disk, const char *name, bool create);
void disk_delete(struct disk *disk, const char *name);
void disk_write(struct disk *disk, struct file *file, const void *data, size_t n, size_t offset);
void disk_truncate(struct disk *disk, struct file *file, size_t n);
/* False: it failed. */
bool disk_sync(struct disk *disk, struct file *file);
/* `from` is called `to` from now on, in place of what was called so. */
void disk_rename(struct disk *disk, const char *from, const char *to);
bool disk_sync_folder(struct disk *disk);

/* Where the store's files seem to be. */
#define POWER_FOLDER "/power/"

/* --- vfs.c: SQLite on the disk that is current ------------------------------------------------ */

void vfs_register(void);
extern struct disk *vfs_disk;

#endif
