/*
 * Any bytes as a configuration file: accepted with the values that it says, or refused with one
 * line that names the file and the line; both as a second reader (config_judge.h) finds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config_judge.h"
#include "fuzz.h"

/* A file in memory; its name stands for it as long as the process lives. */
static const char *keep_in_file(const uint8_t *bytes, size_t n)
{
    static char path[64];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("config", MFD_CLOEXEC);
        MUST(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        MUST(setenv("STATE_DIRECTORY", "/state", 1) == 0);
        MUST(setenv("RUNTIME_DIRECTORY", "/run/here", 1) == 0);
    }
    MUST(ftruncate(fd, 0) == 0);
    MUST(pwrite(fd, bytes, n, 0) == (ssize_t)n);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct config config;
    struct slice text = {(const char *)bytes, (uint32_t)n};
    const char *path = keep_in_file(bytes, n);
    char why[CONFIG_WHY_MAX];

    memset(why, 'x', sizeof why);
    config_init(&config);
    if (config_read(&config, path, why))
        config_judge_accepted(text, &config);
    else
        config_judge_refused(text, path, why);
    config_init(&config);
    if (config_read(&config, path, why) && !config_complete(&config, why))
        config_judge_incomplete(&config, why);
    return 0;
}
