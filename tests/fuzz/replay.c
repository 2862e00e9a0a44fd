/*
 * Runs what the fuzzers have kept, without a fuzzer: replay_NAME FILE-OR-FOLDER...
 *
 * So every build and every compiler meets every input that once led somewhere new. In the order of
 * their names; the last line says how many there were, and none at all is a fault.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

static char current[4096]; /* what is being run, for whoever looks at the ruins */

static bool run_file(const char *path, long size)
{
    uint8_t *bytes = malloc((size_t)size + 1);
    FILE *file = fopen(path, "re");
    bool is_read;

    if (file == NULL || bytes == NULL)
        return false;
    is_read = fread(bytes, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    /* In memory of just that size, so that a sanitizer sees what is read behind it. */
    bytes = realloc(bytes, size == 0 ? 1 : (size_t)size);
    if (is_read)
        LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
    return is_read;
}

static int run(const char *path);

static int run_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort), ran = 0;

    for (int i = 0; i < n; i++) {
        char inner[sizeof current];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        ran += entries[i]->d_name[0] == '.' ? 0 : run(inner);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return ran;
}

static int run(const char *path)
{
    struct stat stat_;

    if (stat(path, &stat_) != 0) {
        perror(path);
        exit(1);
    }
    if (S_ISDIR(stat_.st_mode))
        return run_folder(path);
    snprintf(current, sizeof current, "%s", path);
    if (!run_file(path, (long)stat_.st_size)) {
        perror(path);
        exit(1);
    }
    return 1;
}

int main(int argc, char **argv)
{
    int ran = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++)
        ran += run(argv[i]);
    printf("replay: inputs=%d\n", ran);
    return ran > 0 ? 0 : 1;
}
