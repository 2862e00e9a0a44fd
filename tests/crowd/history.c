#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BUFFER_SIZE ((size_t)1 << 20)

struct history {
    FILE *file;
};

uint64_t history_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct history *history_create(const char *directory, int process)
{
    struct history *history = calloc(1, sizeof *history);
    char path[4096];

    snprintf(path, sizeof path, "%s/history.%d", directory, process);
    if (history == NULL || (history->file = fopen(path, "we")) == NULL) {
        perror(path);
        exit(1);
    }
    setvbuf(history->file, NULL, _IOFBF, BUFFER_SIZE);
    return history;
}

void history_write(struct history *history, struct history_record *record)
{
    record->time_us = history_now_us();
    if (fwrite(record, sizeof *record, 1, history->file) == 1)
        return;
    perror("history");
    exit(1);
}

void history_destroy(struct history *history)
{
    if (fclose(history->file) != 0) {
        perror("history");
        exit(1);
    }
    free(history);
}
