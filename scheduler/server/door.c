#include "server/door.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

#define ACCEPTS_A_TURN 64

static void shut(struct doors *doors)
{
    for (uint32_t i = 0; i < doors->n; i++)
        uv_poll_stop(&doors->at[i].poll);
    doors->are_open = false;
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct door *door = poll->data;
    struct doors *doors = door->doors;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct peer peer;
        int fd;
        if (!server_has_room(doors->links->server)) {
            shut(doors); /* until one leaves */
            return;
        }
        fd = listener_accept(door->listener, &peer);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                shut(doors); /* or the poll would not sleep; tried again when one leaves */
            return;
        }
        links_add(doors->links, fd, &peer);
    }
}

void doors_open(struct doors *doors)
{
    if (doors->are_open || doors->are_gone || !server_has_room(doors->links->server))
        return;
    for (uint32_t i = 0; i < doors->n; i++)
        uv_poll_start(&doors->at[i].poll, UV_READABLE, on_knock);
    doors->are_open = true;
}

int doors_init(struct doors *doors, struct links *links, struct listener *listeners, uint32_t n)
{
    *doors = (struct doors){.links = links, .at = memory_alloc_zeroed(n, sizeof *doors->at)};
    for (uint32_t i = 0; i < n; i++) {
        struct door *door = &doors->at[i];
        int error = uv_poll_init(links->loop, &door->poll, listeners[i].fd);
        if (error != 0)
            return error;
        door->doors = doors;
        door->listener = &listeners[i];
        door->poll.data = door;
        doors->n++;
    }
    doors_open(doors);
    return 0;
}

void doors_finish(struct doors *doors)
{
    free(doors->at);
}

void doors_close(struct doors *doors)
{
    doors->are_gone = true;
    for (uint32_t i = 0; i < doors->n; i++) {
        uv_close((uv_handle_t *)&doors->at[i].poll, NULL);
        listener_close(doors->at[i].listener);
    }
}
