/*
 * The state directory: one daemon's at a time, and of one backing.
 *
 *     lock      locked while a daemon runs, with its process id
 *     backing   the backing in use, so that another is not taken by mistake; of one that is not in
 *               this directory also the id of the store there
 *     instance  the id of this directory, by which a store outside knows its daemon
 *     lockq.db  the database of the sqlite backing
 */
#ifndef SERVER_STATE_DIR_H
#define SERVER_STATE_DIR_H

#include <stdbool.h>

#define STATE_DIR_WHY_MAX 1536

enum state_dir_status {
    STATE_DIR_OK,
    STATE_DIR_TAKEN,  /* another daemon has it */
    STATE_DIR_FAILED, /* it cannot be made or written */
    STATE_DIR_OTHER   /* it is of another backing */
};

#define STATE_DIR_LINE_MAX 96

struct state_dir {
    int lock_fd;
    char path[1024];
    char database[1100];
    char instance[33];              /* hexadecimal */
    char known[STATE_DIR_LINE_MAX]; /* id of the store that is noted with this backing; "": none */
};

/* Makes the directory (0700) if it is missing, locks it, and looks whether it is of this backing.
 * `forget`: whatever was noted does not count. `why` (STATE_DIR_WHY_MAX) says what is wrong, and
 * whose it is. */
enum state_dir_status state_dir_open(struct state_dir *dir, const char *path, const char *backing,
                                     bool forget, char *why);
/* Notes that its state is in this backing now, in the store with that id ("": in here). */
enum state_dir_status state_dir_note(struct state_dir *dir, const char *backing, const char *id,
                                     char *why);
void state_dir_close(struct state_dir *dir);

#endif
