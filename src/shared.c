/* Memory that others may see, by the way of an open file of ours. */
#include "base.h"
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Flags and seals that older headers lack. */
enum {
    SEALABLE = 1 | 2 /* and closed by exec */,
    NOEXEC_SEAL = 8,
    ADD_SEALS = 1033,
    NO_SEAL_SHRINK_GROW = 1 | 2 | 4
};
/* Where the descriptor stands: low ones are handed out to programs that count on them. */
#define ASIDE 500

static int make_shared(const char *name, size_t size)
{
    if (size > mg_os_file_limit())
        return -EFBIG; /* the kernel would send SIGXFSZ, which ends the process */
    int file = (int)mg_kernel(SYS_memfd_create, (long)name, SEALABLE | NOEXEC_SEAL, 0, 0, 0, 0);
    if (file == -EINVAL) /* before Linux 6.3 */
        file = (int)mg_kernel(SYS_memfd_create, (long)name, SEALABLE, 0, 0, 0, 0);
    if (file < 0)
        return file;
    int aside = (int)mg_kernel(SYS_fcntl, file, F_DUPFD_CLOEXEC, ASIDE, 0, 0, 0);
    if (aside >= 0) {
        mg_os_close(file);
        file = aside;
    }
    /* Its memory is there or refused now, and nobody can take it from under our feet. */
    if (mg_kernel(SYS_fchmod, file, 0600, 0, 0, 0, 0) ||
        mg_kernel(SYS_ftruncate, file, (long)size, 0, 0, 0, 0) ||
        mg_kernel(SYS_fallocate, file, 0, 0, (long)size, 0, 0) ||
        mg_kernel(SYS_fcntl, file, ADD_SEALS, NO_SEAL_SHRINK_GROW, 0, 0, 0)) {
        mg_os_close(file);
        return -1;
    }
    return file;
}

void *mg_os_share(const char *name, size_t size)
{
    int file = make_shared(name, size);
    if (file < 0)
        return NULL;
    long address = mg_kernel(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (address > 0 || address <= -(long)MG_PAGE)
        return (void *)address;
    mg_os_close(file);
    return NULL;
}
