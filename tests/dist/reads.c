/* process_vm_readv of the process's own memory, for emulators that lack it (qemu-user): what the kernel can't read for write(2) is not there. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

/* One range each, small enough for a pipe. */
ssize_t process_vm_readv(pid_t process, const struct iovec *to, unsigned long tos, const struct iovec *from,
                         unsigned long froms, unsigned long flags)
{
    int ends[2];
    if (process != getpid() || tos != 1 || froms != 1 || flags || to->iov_len < from->iov_len ||
        from->iov_len > 4096) {
        errno = ENOSYS;
        return -1;
    }
    if (pipe(ends))
        return -1;
    ssize_t result = write(ends[1], from->iov_base, from->iov_len);
    if (result > 0)
        result = read(ends[0], to->iov_base, (size_t)result);
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return result;
}
