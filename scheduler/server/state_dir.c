#include "server/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static enum state_dir_status failed(char *why, const char *path)
{
    snprintf(why, STATE_DIR_WHY_MAX, "state directory: %s: %s", path, strerror(errno));
    return STATE_DIR_FAILED;
}

/* Makes every folder on the way; the last with 0700. */
static bool make_folders(const char *path)
{
    char part[1024];

    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* The first line of a small file; empty when there is none. */
static bool read_line(int fd, char *line, size_t size)
{
    size_t n = 0;
    ssize_t more;

    while (n < size - 1 && (more = pread(fd, line + n, size - 1 - n, (off_t)n)) != 0) {
        if (more < 0 && errno != EINTR)
            return false;
        n += more < 0 ? 0 : (size_t)more;
    }
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static bool write_line(int fd, const char *line)
{
    size_t n = strlen(line);

    if (ftruncate(fd, 0) != 0)
        return false;
    for (size_t done = 0; done < n;) {
        ssize_t more = pwrite(fd, line + done, n - done, (off_t)done);
        if (more < 0 && errno != EINTR)
            return false;
        done += more < 0 ? 0 : (size_t)more;
    }
    return fsync(fd) == 0;
}

static enum state_dir_status take_lock(struct state_dir *dir, const char *path, char *why)
{
    char file[1100], line[64];

    snprintf(file, sizeof file, "%s/lock", path);
    dir->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (dir->lock_fd < 0)
        return failed(why, file);
    if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return failed(why, file);
        if (!read_line(dir->lock_fd, line, sizeof line))
            snprintf(line, sizeof line, "%s", strerror(errno));
        snprintf(why, STATE_DIR_WHY_MAX, "state directory: %s: another daemon has it (%s)", path,
                 line[0] == '\0' ? "it is starting" : line);
        return STATE_DIR_TAKEN;
    }
    snprintf(line, sizeof line, "pid %d\n", (int)getpid());
    return write_line(dir->lock_fd, line) ? STATE_DIR_OK : failed(why, file);
}

/* A note is one line in a file of its own; empty where there is none. */
static bool read_note(const char *file, char *line, size_t size)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool is_read;

    line[0] = '\0';
    if (fd < 0)
        return errno == ENOENT;
    is_read = read_line(fd, line, size);
    close(fd);
    return is_read;
}

static bool sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return is_synced;
}

/* At every moment there is the old note or the new one: without one anything would be believed. */
static bool write_note(const struct state_dir *dir, const char *file, const char *line)
{
    char fresh[1108], whole[STATE_DIR_LINE_MAX + 1];
    bool is_written;
    int fd;

    snprintf(fresh, sizeof fresh, "%s.new", file);
    snprintf(whole, sizeof whole, "%s\n", line);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    is_written = write_line(fd, whole);
    close(fd);
    return is_written && rename(fresh, file) == 0 && sync_folder(dir->path);
}

/* The id is drawn once, and stays as long as the directory. */
static enum state_dir_status find_instance(struct state_dir *dir, char *why)
{
    char file[1100], line[STATE_DIR_LINE_MAX];
    uint64_t drawn[2];

    snprintf(file, sizeof file, "%s/instance", dir->path);
    if (!read_note(file, line, sizeof line))
        return failed(why, file);
    snprintf(dir->instance, sizeof dir->instance, "%.32s", line);
    if (strlen(line) == 2 * sizeof drawn)
        return STATE_DIR_OK;
    if (getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return failed(why, "random numbers");
    snprintf(dir->instance, sizeof dir->instance, "%016" PRIx64 "%016" PRIx64, drawn[0], drawn[1]);
    return write_note(dir, file, dir->instance) ? STATE_DIR_OK : failed(why, file);
}

/* The line is the backing's name and, behind a space, the id of a store elsewhere. */
static enum state_dir_status check_backing(struct state_dir *dir, const char *backing, bool forget,
                                           char *why)
{
    char file[1100], line[STATE_DIR_LINE_MAX];
    size_t n = strlen(backing);

    snprintf(file, sizeof file, "%s/backing", dir->path);
    if (!read_note(file, line, sizeof line))
        return failed(why, file);
    if (line[0] == '\0' || forget)
        return STATE_DIR_OK;
    if (strncmp(line, backing, n) != 0 || (line[n] != '\0' && line[n] != ' ')) {
        line[strcspn(line, " ")] = '\0';
        snprintf(why, STATE_DIR_WHY_MAX,
                 "state directory: %s: its state is in %s; to start without it in %s, give "
                 "--forget-backend",
                 dir->path, line, backing);
        return STATE_DIR_OTHER;
    }
    if (line[n] == ' ')
        snprintf(dir->known, sizeof dir->known, "%s", line + n + 1);
    return STATE_DIR_OK;
}

enum state_dir_status state_dir_note(struct state_dir *dir, const char *backing, const char *id,
                                     char *why)
{
    char file[1100], line[STATE_DIR_LINE_MAX], wanted[STATE_DIR_LINE_MAX];

    snprintf(file, sizeof file, "%s/backing", dir->path);
    snprintf(wanted, sizeof wanted, "%s%s%.64s", backing, id[0] == '\0' ? "" : " ", id);
    if (read_note(file, line, sizeof line) &&
        (strcmp(line, wanted) == 0 || write_note(dir, file, wanted)))
        return STATE_DIR_OK;
    return failed(why, file);
}

enum state_dir_status state_dir_open(struct state_dir *dir, const char *path, const char *backing,
                                     bool forget, char *why)
{
    enum state_dir_status status;

    *dir = (struct state_dir){.lock_fd = -1};
    snprintf(dir->path, sizeof dir->path, "%s", path);
    snprintf(dir->database, sizeof dir->database, "%s/lockq.db", path);
    if (!make_folders(path))
        return failed(why, path);
    status = take_lock(dir, path, why);
    if (status == STATE_DIR_OK)
        status = find_instance(dir, why);
    if (status == STATE_DIR_OK)
        status = check_backing(dir, backing, forget, why);
    if (status != STATE_DIR_OK)
        state_dir_close(dir);
    return status;
}

void state_dir_close(struct state_dir *dir)
{
    if (dir->lock_fd >= 0)
        close(dir->lock_fd);
    dir->lock_fd = -1;
}
