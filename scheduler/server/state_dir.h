/*
 * The state directory: one daemon's at a time, and of one backing.
 *
 *     lock      locked while a daemon runs, with its process id
 *     backing   the backing in use, so that another is not taken by mistake
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

struct state_dir {
    int lock_fd;
    char database[1100];
};

/* Makes the directory (0700) if it is missing, locks it and notes the backing. `forget`: go over to
 * this backing whatever was noted. `why` (STATE_DIR_WHY_MAX) says what is wrong, and whose it is.
 */
enum state_dir_status state_dir_open(struct state_dir *dir, const char *path, const char *backing,
                                     bool forget, char *why);
void state_dir_close(struct state_dir *dir);

#endif
