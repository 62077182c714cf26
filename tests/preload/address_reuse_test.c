/* An address is somebody else's the moment it is given back: threads map and unmap in each other's footsteps, and whenever all
 * of them pause, what is charged is what they hold. */
#include "libs/libs.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 4, PAUSES = 40, TURNS = 300, SIZE = 64 << 10 };

static pthread_barrier_t pause_begins, pause_ends;
static char path[4096];

static void *map_and_unmap(void *unused)
{
    for (int pause = 0; pause < PAUSES; pause++) {
        void *mine = target_map(SIZE);
        for (int i = 0; i < TURNS; i++) {
            CHECK(mine != MAP_FAILED);
            CHECK(!munmap(mine, SIZE));
            mine = target_map(SIZE);
        }
        pthread_barrier_wait(&pause_begins);
        pthread_barrier_wait(&pause_ends);
        CHECK(!munmap(mine, SIZE));
    }
    return unused;
}

/* Of the library, out of a report that is written now. */
static long long used_now(void)
{
    char text[100000];
    CHECK(!raise(SIGRTMIN + 9)); /* `memgrant dump` */
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    CHECK(!unlink(path));
    const char *row = strstr(text, "\"name\":\"libtarget");
    const char *used = row ? strstr(row, "\"used\":") : NULL;
    CHECK(used != NULL);
    return atoll(used + 7);
}

int main(void)
{
    snprintf(path, sizeof path, "%s", getenv("MEMGRANT_REPORT"));
    pthread_t threads[THREADS];
    pthread_barrier_init(&pause_begins, NULL, THREADS + 1);
    pthread_barrier_init(&pause_ends, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, map_and_unmap, NULL));
    for (int pause = 0; pause < PAUSES; pause++) {
        pthread_barrier_wait(&pause_begins);
        long long used = used_now();
        CHECK_EQ(used, (long long)THREADS * SIZE);
        pthread_barrier_wait(&pause_ends);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    return 0;
}
