/* Under a limit on addresses (ulimit -v) we leave the host its part, and take less where little is left. */
#include "unit.h"

#include "window.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define MB ((size_t)1 << 20)

static size_t addresses_taken(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%zu", &pages) == 1);
    fclose(file);
    return pages * 4096;
}

int main(int count, char **words)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("a sanitizer takes all the addresses that it finds");
#endif
    if (count == 1) { /* in a process of its own */
        char command[4200];
        snprintf(command, sizeof command, "'%s' taken", words[0]);
        CHECK_EQ(system(command), 0);
    }
    size_t limit = count == 1 ? 320 * MB : 1024 * MB;
    struct rlimit addresses = { limit, limit };
    CHECK(!setrlimit(RLIMIT_AS, &addresses));
    /* All but what a smaller window needs. */
    if (count == 2)
        CHECK(mmap(NULL, limit - addresses_taken() - 300 * MB, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED);
    size_t before = addresses_taken();
    unit_start("observe", NULL);
    CHECK_EQ(mg_window.size, count == 1 ? 64 * MB : 128 * MB);
    CHECK(addresses_taken() - before < (count == 1 ? limit / 3 : 300 * MB));
    mg_free(unit_allocate(100000));
    return 0;
}
