#include "socket.h"

#include "os.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Programs that become daemons close all up to some number. */
enum { HIGH = 900, LOW = 3 };

static bool identify(int file, struct mg_socket *socket)
{
    struct stat found;
    if (mg_kernel(SYS_fstat, file, (long)&found, 0, 0, 0, 0) || !S_ISSOCK(found.st_mode))
        return false;
    *socket = (struct mg_socket){ file, found.st_dev, found.st_ino };
    return true;
}

/* The number may be another file's by now. */
static bool is_ours(const struct mg_socket *socket)
{
    struct mg_socket now;
    return socket->file && identify(socket->file, &now) && now.device == socket->device &&
           now.inode == socket->inode;
}

bool mg_socket_take(struct mg_socket *socket, int file)
{
    long own = mg_kernel(SYS_fcntl, file, F_DUPFD_CLOEXEC, HIGH, 0, 0, 0);
    if (own < 0)
        own = mg_kernel(SYS_fcntl, file, F_DUPFD_CLOEXEC, LOW, 0, 0, 0);
    if (own < 0)
        return false;
    bool taken = identify((int)own, socket);
    if (!taken)
        mg_os_close((int)own);
    return taken;
}

void mg_socket_close(struct mg_socket *socket)
{
    if (is_ours(socket))
        mg_os_close(socket->file);
    socket->file = 0;
}

bool mg_socket_send(const struct mg_socket *socket, const void *bytes, size_t size, bool waits)
{
    int flags = MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT);
    return is_ours(socket) && mg_kernel_moves(SYS_sendto, socket->file, bytes, size, flags);
}

bool mg_socket_receive(const struct mg_socket *socket, void *bytes, size_t size)
{
    return mg_kernel_moves(SYS_recvfrom, socket->file, bytes, size, 0);
}
