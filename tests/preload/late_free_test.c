/* A thread goes on using memory when its end has come: in each round of its keys' destructors, of which the last one comes
 * after every allocator has taken leave of it. Another one has never used any before its last round. Then their stacks are
 * unmapped: who entered a thread into a list would now read there. */
#include "libs/libs.h"
#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>

enum {
    THREADS = 13500,
    ROUNDS = 4,
    TOGETHER = 30
}; /* more than there are lanes; PTHREAD_DESTRUCTOR_ITERATIONS */

static pthread_key_t key;

/* One of the threads that are alive. */
struct life {
    bool idle; /* until its last round */
    int left;
    void *given; /* of another thread's making, so that it belongs to no cache of the dying one's */
    void *blocks[ROUNDS];
};
static struct life lives[TOGETHER];
static sem_t ended[TOGETHER];

/* In each round a block goes that the thread had from before, and others come and go. */
static void use_memory(struct life *life)
{
    free(life->blocks[life->left]);
    char *late = target_malloc(100 + (size_t)life->left);
    CHECK(late != NULL);
    memset(late, 1, 100);
    target_free(target_realloc(late, 300));
}

static void one_more_round(void *value)
{
    struct life *life = value;
    life->left--;
    if (!life->idle)
        use_memory(life);
    if (life->left) {
        pthread_setspecific(key, life);
        return;
    }
    target_free(life->given);
    sem_post(&ended[life - lives]);
}

static void *live(void *value)
{
    struct life *life = value;
    for (int i = 0; i < ROUNDS && !life->idle; i++)
        CHECK((life->blocks[i] = target_malloc(5000)));
    pthread_setspecific(key, life);
    return NULL;
}

int main(void)
{
    pthread_attr_t
        large; /* so that stacks are unmapped and not kept for the next thread: glibc keeps 40 MB */
    CHECK(!pthread_attr_init(&large) && !pthread_attr_setstacksize(&large, 16 << 20));
    CHECK(!pthread_attr_setdetachstate(&large, PTHREAD_CREATE_DETACHED));
    CHECK(!pthread_key_create(&key, one_more_round));
    for (int i = 0; i < TOGETHER; i++)
        CHECK(!sem_init(&ended[i], 0, 1));
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        struct life *life = &lives[i % TOGETHER];
        sem_wait(&ended[i % TOGETHER]);
        *life = (struct life){ .idle = i % 3 == 0, .left = ROUNDS, .given = target_malloc(700) };
        CHECK(!pthread_create(&thread, &large, live, life));
    }
    for (int i = 0; i < TOGETHER; i++)
        sem_wait(&ended[i]);
    return 0;
}
