/*
 * Telling the service manager, if there is one, how the daemon does: sd_notify(3), the protocol
 * without the library.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/* `state` as "READY=1" or "STOPPING=1"; without $NOTIFY_SOCKET nothing happens. */
void notify(const char *state);

#endif
