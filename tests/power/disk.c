#include "disk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* --- bytes ----------------------------------------------------------------------------------- */

static void resize(struct bytes *bytes, size_t n)
{
    if (n > bytes->cap) {
        bytes->cap = n < 2 * bytes->cap ? 2 * bytes->cap : n;
        bytes->at = memory_resize(bytes->at, bytes->cap);
    }
    if (n > bytes->n)
        memset(bytes->at + bytes->n, 0, n - bytes->n);
    bytes->n = n;
}

static void put(struct bytes *bytes, const void *data, size_t n, size_t offset)
{
    if (offset + n > bytes->n)
        resize(bytes, offset + n);
    memcpy(bytes->at + offset, data, n);
}

static struct bytes copy(const struct bytes *from)
{
    struct bytes to = {0};

    if (from->n > 0)
        put(&to, from->at, from->n, 0);
    return to;
}

/* --- life ------------------------------------------------------------------------------------ */

static void forget_pending(struct file *file)
{
    for (size_t i = 0; i < file->n_pending; i++)
        free(file->pending[i].data);
    file->n_pending = 0;
}

static void finish(struct file *file)
{
    forget_pending(file);
    free(file->pending);
    free(file->now.at);
    free(file->synced.at);
    if (file->replaced != NULL) {
        finish(file->replaced);
        free(file->replaced);
    }
    *file = (struct file){0};
}

void disk_finish(struct disk *disk)
{
    for (int i = 0; i < DISK_FILES; i++)
        finish(&disk->files[i]);
}

static void add_pending(struct file *file, struct write write, const void *data)
{
    if (file->n_pending == file->cap_pending) {
        file->cap_pending = file->cap_pending == 0 ? 16 : 2 * file->cap_pending;
        file->pending = memory_resize(file->pending, file->cap_pending * sizeof *file->pending);
    }
    write.data = NULL;
    if (!write.is_truncation) {
        write.data = memory_alloc(write.n);
        memcpy(write.data, data, write.n);
    }
    file->pending[file->n_pending++] = write;
}

static void clone(const struct file *from, struct file *to)
{
    *to = *from;
    to->now = copy(&from->now);
    to->synced = copy(&from->synced);
    to->pending = NULL;
    to->n_pending = to->cap_pending = 0;
    for (size_t i = 0; i < from->n_pending; i++)
        add_pending(to, from->pending[i], from->pending[i].data);
    if (from->replaced != NULL) {
        to->replaced = memory_alloc(sizeof *to->replaced);
        clone(from->replaced, to->replaced);
    }
}

void disk_clone(const struct disk *from, struct disk *to)
{
    *to = *from;
    to->on_call = NULL;
    for (int i = 0; i < DISK_FILES; i++)
        clone(&from->files[i], &to->files[i]);
}

/* --- a loss ---------------------------------------------------------------------------------- */

static void garble(struct bytes *bytes, size_t from, size_t to, struct chance *chance)
{
    if (to > bytes->n)
        resize(bytes, to);
    for (size_t i = from; i < to; i++)
        bytes->at[i] = (unsigned char)chance_draw(chance);
}

/* One piece of a write, within one sector. */
static void lose_piece(const struct disk *disk, struct bytes *synced, const struct write *write,
                       size_t from, size_t to, struct chance *chance)
{
    size_t begin = write->offset + from, end = write->offset + to;
    uint32_t fate = chance_below(chance, 20);

    if (fate < 10)
        put(synced, write->data + from, to - from, begin);
    else if (fate == 10 && disk->is_powersafe)
        garble(synced, begin, end, chance);
    else if (fate == 10)
        garble(synced, begin / DISK_SECTOR * DISK_SECTOR,
               (end + DISK_SECTOR - 1) / DISK_SECTOR * DISK_SECTOR, chance);
    else if (fate == 11) /* torn */
        put(synced, write->data + from, (to - from) / 2, begin);
}

static void lose_write(const struct disk *disk, struct bytes *synced, const struct write *write,
                       struct chance *chance)
{
    uint32_t whole = chance_below(chance, 4); /* many losses are of whole writes */

    if (write->is_truncation) {
        if (whole < 2)
            resize(synced, write->offset);
        return;
    }
    if (whole == 0) {
        put(synced, write->data, write->n, write->offset);
        return;
    }
    for (size_t from = 0, to; whole > 1 && from < write->n; from = to) {
        to = (write->offset + from) / DISK_SECTOR * DISK_SECTOR + DISK_SECTOR - write->offset;
        to = to < write->n ? to : write->n;
        lose_piece(disk, synced, write, from, to, chance);
    }
}

/* In an order of its own. */
static void shuffle(struct write *writes, size_t n, struct chance *chance)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = chance_below(chance, (uint32_t)i);
        struct write other = writes[i - 1];
        writes[i - 1] = writes[k];
        writes[k] = other;
    }
}

/* The rename has happened, or not. */
static void lose_name(struct file *file, struct chance *chance)
{
    struct file *old = file->replaced;

    file->replaced = NULL;
    if (chance_is(chance, 50)) {
        finish(file);
        *file = *old;
    } else {
        finish(old);
    }
    free(old);
}

void disk_lose(struct disk *disk, struct chance *chance)
{
    for (int i = 0; i < DISK_FILES; i++) {
        struct file *file = &disk->files[i];
        if (!file->exists)
            continue;
        if (file->replaced != NULL)
            lose_name(file, chance);
        if (!file->was_synced && chance_is(chance, 50)) {
            finish(file);
            continue;
        }
        if (chance_is(chance, 50))
            shuffle(file->pending, file->n_pending, chance);
        for (size_t k = 0; k < file->n_pending; k++)
            lose_write(disk, &file->synced, &file->pending[k], chance);
        forget_pending(file);
        free(file->now.at);
        file->now = copy(&file->synced);
    }
    disk->is_off = false;
    disk->off_at = 0;
}

/* --- calls ----------------------------------------------------------------------------------- */

static void called(struct disk *disk)
{
    disk->is_off = disk->is_off || ++disk->calls == disk->off_at;
    if (disk->on_call != NULL)
        disk->on_call(disk, disk->context);
}

struct file *disk_open(struct disk *disk, const char *name, bool create)
{
    struct file *free_one = NULL;

    for (int i = 0; i < DISK_FILES; i++) {
        struct file *file = &disk->files[i];
        if (file->exists && strcmp(file->name, name) == 0)
            return file;
        if (!file->exists)
            free_one = file;
    }
    if (!create || free_one == NULL)
        return NULL;
    snprintf(free_one->name, sizeof free_one->name, "%s", name);
    free_one->exists = true;
    called(disk);
    return free_one;
}

/* A name that is gone may come back with a loss; what matters is that nobody needs it. */
void disk_delete(struct disk *disk, const char *name)
{
    struct file *file = disk_open(disk, name, false);

    if (file == NULL)
        return;
    finish(file);
    called(disk);
}

void disk_write(struct disk *disk, struct file *file, const void *data, size_t n, size_t offset)
{
    put(&file->now, data, n, offset);
    add_pending(file, (struct write){.offset = offset, .n = n}, data);
    called(disk);
}

void disk_truncate(struct disk *disk, struct file *file, size_t n)
{
    resize(&file->now, n);
    add_pending(file, (struct write){.is_truncation = true, .offset = n}, NULL);
    called(disk);
}

bool disk_sync(struct disk *disk, struct file *file)
{
    if (++disk->syncs == disk->fail_sync) {
        forget_pending(file);
        called(disk);
        return false;
    }
    for (size_t i = 0; i < file->n_pending; i++) {
        const struct write *write = &file->pending[i];
        if (write->is_truncation)
            resize(&file->synced, write->offset);
        else
            put(&file->synced, write->data, write->n, write->offset);
    }
    forget_pending(file);
    file->was_synced = true;
    called(disk);
    return true;
}

void disk_rename(struct disk *disk, const char *from, const char *to)
{
    struct file *file = disk_open(disk, from, false), *old = disk_open(disk, to, false);
    struct file *kept;

    assert(file != NULL && file->replaced == NULL);
    if (old != NULL) {
        kept = memory_alloc(sizeof *kept);
        *kept = *old;
        *old = *file;
        *file = (struct file){0};
        file = old;
        file->replaced = kept;
    }
    snprintf(file->name, sizeof file->name, "%s", to);
    called(disk);
}

bool disk_sync_folder(struct disk *disk)
{
    if (++disk->syncs == disk->fail_sync) {
        called(disk);
        return false;
    }
    for (int i = 0; i < DISK_FILES; i++) {
        struct file *file = &disk->files[i];
        file->was_synced = file->exists;
        if (file->replaced == NULL)
            continue;
        finish(file->replaced);
        free(file->replaced);
        file->replaced = NULL;
    }
    called(disk);
    return true;
}
