/*
 * A library to be preloaded: a disk that is slow, or hangs, while a test wants it so.
 *
 * In the folder SLOW_DISK: while there is a file `slow`, each sync of a file takes 20 ms more;
 * while there is a file `hangs`, none ends.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_US 20000

static bool is_there(const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", getenv("SLOW_DISK"), name);
    return access(path, F_OK) == 0;
}

static void wait_for_disk(void)
{
    if (is_there("slow"))
        usleep(STEP_US);
    while (is_there("hangs"))
        usleep(STEP_US);
}

int fsync(int fd)
{
    wait_for_disk();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd)
{
    wait_for_disk();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
