#include "resource.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void *map(const char *directory, const char *name, size_t size)
{
    char path[4096];
    void *at = MAP_FAILED;
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(fd);
    return at;
}

void resources_open(struct resources *resources, const char *directory)
{
    resources->counters = map(directory, "counters", RESOURCE_CELLS * sizeof(uint64_t));
    resources->registers =
        map(directory, "registers", RESOURCE_CELLS * sizeof(struct resource_register));
}

static bool enter(struct resource_register *cell, uint64_t token)
{
    while (__atomic_exchange_n(&cell->lock, 1, __ATOMIC_ACQUIRE) != 0)
        sched_yield();
    if (token < cell->highest)
        return false;
    cell->highest = token;
    cell->version++;
    return true;
}

static void leave(struct resource_register *cell)
{
    __atomic_store_n(&cell->lock, 0, __ATOMIC_RELEASE);
}

bool register_show(struct resource_register *cell, uint64_t token, uint64_t *value,
                   uint64_t *version)
{
    bool is_taken = enter(cell, token);

    *value = cell->value;
    *version = cell->version;
    leave(cell);
    return is_taken;
}

bool register_write(struct resource_register *cell, uint64_t token, uint64_t value,
                    uint64_t *version)
{
    bool is_taken = enter(cell, token);

    if (is_taken)
        cell->value = value;
    *version = cell->version;
    leave(cell);
    return is_taken;
}
