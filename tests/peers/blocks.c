/* 100,000 blocks of 16 bytes to 16 KB on each of two threads, of which every tenth stays, and 64 MB of pages that it maps itself. What stays is said:
 * it is known to the byte. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCKS = 100000, KEPT = 10, MAPPED = 64 << 20 };

struct part {
    unsigned random;
    char *kept[BLOCKS / KEPT];
    size_t bytes;
};

static void *work(void *of)
{
    struct part *part = of;
    for (int i = 0; i < BLOCKS; i++) {
        part->random = part->random * 1103515245 + 12345;
        size_t size = 16 + (part->random >> 16) % 16368;
        char *block = malloc(size);
        if (!block)
            abort();
        memset(block, 1, size);
        if (i % KEPT) {
            free(block);
            continue;
        }
        part->kept[i / KEPT] = block;
        part->bytes += size;
    }
    return NULL;
}

int main(void)
{
    static struct part parts[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        parts[i].random = (unsigned)i + 1;
        if (pthread_create(&threads[i], NULL, work, &parts[i]))
            abort();
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    char *mapped = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        abort();
    memset(mapped, 1, MAPPED);
    printf("%zu\n", parts[0].bytes + parts[1].bytes);
    return 0;
}
