/* Blocks on their way from the thread that allocates them to the one that frees them: handed over by the batch, so that
 * waiting for each other costs little beside the blocks. */
#ifndef MG_BENCH_HANDED_H
#define MG_BENCH_HANDED_H

#include "work.h"

enum { BATCH = 256, BATCHES = 4 };

struct handed {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int first, count; /* of the batches that wait, a ring */
    void *blocks[BATCHES][BATCH];
};

static inline void handed_start(struct handed *handed)
{
    CHECK(!pthread_mutex_init(&handed->lock, NULL) && !pthread_cond_init(&handed->changed, NULL));
}

/* The room for the next batch, and that it is full now. */
static inline void **handed_room(struct handed *handed)
{
    pthread_mutex_lock(&handed->lock);
    while (handed->count == BATCHES)
        pthread_cond_wait(&handed->changed, &handed->lock);
    void **room = handed->blocks[(handed->first + handed->count) % BATCHES];
    pthread_mutex_unlock(&handed->lock);
    return room;
}

static inline void handed_over(struct handed *handed)
{
    pthread_mutex_lock(&handed->lock);
    handed->count++;
    pthread_cond_signal(&handed->changed);
    pthread_mutex_unlock(&handed->lock);
}

/* The oldest batch, and that its blocks are freed now. */
static inline void **handed_batch(struct handed *handed)
{
    pthread_mutex_lock(&handed->lock);
    while (!handed->count)
        pthread_cond_wait(&handed->changed, &handed->lock);
    void **batch = handed->blocks[handed->first];
    pthread_mutex_unlock(&handed->lock);
    return batch;
}

static inline void handed_freed(struct handed *handed)
{
    pthread_mutex_lock(&handed->lock);
    handed->first = (handed->first + 1) % BATCHES;
    handed->count--;
    pthread_cond_signal(&handed->changed);
    pthread_mutex_unlock(&handed->lock);
}

static inline void produce(struct handed *handed, const uint32_t *sizes, int batches)
{
    for (int i = 0; i < batches; i++) {
        void **room = handed_room(handed);
        for (int b = 0; b < BATCH; b++) {
            char *block = malloc(sizes[(i * BATCH + b) % SIZES]);
            *block = 1;
            room[b] = block;
        }
        handed_over(handed);
    }
}

static inline void consume(struct handed *handed, int batches)
{
    for (int i = 0; i < batches; i++) {
        void **batch = handed_batch(handed);
        for (int b = 0; b < BATCH; b++)
            free(batch[b]);
        handed_freed(handed);
    }
}

#endif
