/* uses_up WHAT: takes all there is of something, then allocates on several threads, looks at what it wrote, and frees.
 * WHAT: keys (of threads, before the library's constructor; also 32 keys), files, mappings, nothing. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void use_up_keys(int count, char **words, char **environment)
{
    pthread_key_t key;
    (void)environment;
    bool all = count == 2 && !strcmp(words[1], "keys");
    bool some = count == 2 && !strcmp(words[1], "32 keys");
    for (int i = 0; (all || (some && i < 32)) && !pthread_key_create(&key, NULL); i++)
        ;
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **,
                                                                            char **) = use_up_keys;

static void use_up_files(void)
{
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
    CHECK_EQ(errno, EMFILE);
}

/* Neighbours of different kinds, so that each page is a mapping of its own. By the kernel itself: nothing of it is to be counted. */
static void use_up_mappings(void)
{
    long at = 0;
    for (int i = 0; at >= 0; i++)
        at = syscall(SYS_mmap, 0, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(errno, ENOMEM);
}

enum { BLOCKS = 300 };
static const size_t sizes[] = { 40, 3000, 20000, 200000 };

static void *work(void *number)
{
    unsigned char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = sizes[i % 4] + i;
        blocks[i] = malloc(size);
        CHECK(blocks[i] || errno == ENOMEM);
        if (blocks[i])
            memset(blocks[i], (int)i, size);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = sizes[i % 4] + i;
        for (size_t at = 0; blocks[i] && at < size; at += 1 + size / 50)
            CHECK_EQ(blocks[i][at], i & 255);
        free(blocks[i]);
    }
    return number;
}

int main(int count, char **words)
{
    pthread_t threads[3];
    int running = 0;
    CHECK(count == 2);
    if (!strcmp(words[1], "files"))
        use_up_files();
    if (!strcmp(words[1], "mappings"))
        use_up_mappings();
    while (running < 3 && !pthread_create(&threads[running], NULL, work, NULL))
        running++;
    work(NULL);
    while (running > 0)
        CHECK(!pthread_join(threads[--running], NULL));
    CHECK(write(1, "done\n", 5) == 5);
    return 0;
}
