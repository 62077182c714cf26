/* One socket to another process, which the host does not know of: it may close it, and open another file under its number. Nothing here
 * touches errno, is a cancellation point, or raises SIGPIPE. Runs inside malloc. */
#ifndef MG_SOCKET_H
#define MG_SOCKET_H

#include "base.h"

/* A connected stream socket that is ours; a file of 0 is none. */
struct mg_socket {
    int file;
    uint64_t device, inode; /* what it was when we got it */
};

/* A duplicate of the host's, above the numbers that programs go through to close all they have, closed by exec. False: it is no socket, or
 * there is no number left. */
bool mg_socket_take(struct mg_socket *socket, int file);
/* Closes it, if its number is still ours. */
void mg_socket_close(struct mg_socket *socket);
/* All of it, or false: then nothing more can come of that socket. With `waits` until there is room; else it has to be there. */
bool mg_socket_send(const struct mg_socket *socket, const void *bytes, size_t size, bool waits);
/* Waits for all of it, however long; false when there will be no more. */
bool mg_socket_receive(const struct mg_socket *socket, void *bytes, size_t size);

#endif
