/* mmap and its kin as a program calls them: in parts, onto each other, away from where they were, and in vain. After each call the
 * report says what is charged, to the byte. */
#include "libs/libs.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)
enum { RW = PROT_READ | PROT_WRITE };

/* Of the library, out of a report that is written now. */
static long long used(void)
{
    const char *path = getenv("MEMGRANT_REPORT");
    char text[100000];
    CHECK(!raise(SIGRTMIN + 9)); /* `memgrant dump` */
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    CHECK(!unlink(path));
    const char *row = strstr(text, "\"name\":\"libtarget");
    const char *number = row ? strstr(row, "\"used\":") : NULL;
    CHECK(number != NULL);
    return atoll(number + 7);
}

static char *map(size_t size)
{
    char *at = target_map(size);
    CHECK(at != MAP_FAILED);
    at[0] = at[size - 1] = 'x';
    return at;
}

static void unmapped_in_parts(void)
{
    char *at = map(8 * MB);
    CHECK_EQ(used(), 8 * MB);
    CHECK(!munmap(at, MB)); /* the beginning */
    CHECK_EQ(used(), 7 * MB);
    CHECK(!munmap(at + 7 * MB, MB)); /* the end */
    CHECK_EQ(used(), 6 * MB);
    CHECK(!munmap(at + 3 * MB, MB)); /* the middle */
    CHECK_EQ(used(), 5 * MB);
    CHECK(!munmap(at + 2 * MB, 3 * MB)); /* across the hole */
    CHECK_EQ(used(), 3 * MB);
    CHECK(!munmap(at + 2 * MB, 3 * MB)); /* nothing is there */
    CHECK_EQ(used(), 3 * MB);
    CHECK(!munmap(at, 8 * MB));
    CHECK_EQ(used(), 0);
}

static void unmapped_in_vain(void)
{
    char *at = map(MB);
    errno = 0;
    CHECK(munmap(at + 1, MB) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(munmap(at, 0) == -1 && errno == EINVAL);
    CHECK_EQ(used(), MB);
    CHECK(!munmap(at, MB));
}

static void moved_away(void)
{
    char *at = map(2 * MB);
    char *away = mmap(NULL, 8 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(away != MAP_FAILED);
    CHECK(target_remap(at, 2 * MB, 3 * MB, MREMAP_MAYMOVE | MREMAP_FIXED, away + MB) == away + MB);
    CHECK_EQ(used(), 3 * MB);
    CHECK(away[MB] == 'x' && away[3 * MB - 1] == 'x');
    char *there = mmap(at, 2 * MB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                       0); /* where it was: the program's */
    CHECK(there == at);
    CHECK_EQ(used(), 3 * MB);
    CHECK(!munmap(there, 2 * MB));
    CHECK_EQ(used(), 3 * MB);
    errno = 0;
    CHECK(target_remap(away + MB, 3 * MB, 2 * MB, MREMAP_FIXED, at) == MAP_FAILED && errno == EINVAL);
    CHECK_EQ(used(), 3 * MB);
    CHECK(target_remap(away + MB, 3 * MB, MB, 0, NULL) == away + MB);
    CHECK_EQ(used(), MB);
    CHECK(!munmap(away, 8 * MB));
    CHECK_EQ(used(), 0);
}

static void replaced(void)
{
    char *at = map(4 * MB);
    CHECK(target_map_at(at + MB, MB, RW, MAP_FIXED) == at + MB); /* by itself */
    CHECK_EQ(used(), 4 * MB);
    CHECK(mmap(at, MB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at); /* by the program */
    CHECK_EQ(used(), 3 * MB);
    FILE *file = tmpfile(); /* by a file */
    CHECK(file && !ftruncate(fileno(file), 1 << 20));
    CHECK(mmap(at + 3 * MB, MB, RW, MAP_SHARED | MAP_FIXED, fileno(file), 0) == at + 3 * MB);
    CHECK_EQ(used(), 2 * MB);
    errno = 0;
    CHECK(mmap(at + MB + 1, MB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          MAP_FAILED); /* in vain */
    CHECK(errno == EINVAL);
    CHECK_EQ(used(), 2 * MB);
    CHECK(target_map_at(at + MB, MB, RW, MAP_FIXED_NOREPLACE) == MAP_FAILED);
    CHECK_EQ(used(), 2 * MB);
    CHECK(target_map_at(at + MB, MB, PROT_NONE, MAP_FIXED) == at + MB);
    CHECK_EQ(used(), MB);
    CHECK(!mprotect(at + MB, MB, RW));
    CHECK_EQ(used(), 2 * MB);
    fclose(file);
    CHECK(!munmap(at, 4 * MB));
    CHECK_EQ(used(), 0);
}

int main(void)
{
    unmapped_in_parts();
    unmapped_in_vain();
    moved_away();
    replaced();
    return 0;
}
