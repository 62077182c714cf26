/* The workers' lives, and the rounds. */
#ifndef MG_MODEL_RUN_H
#define MG_MODEL_RUN_H

#include "tree.h"

#include <time.h>

enum { TURNS = 200, TURN = 50, STEPS = 5000 };

static pthread_key_t late_key; /* made after ours: its destructor runs when ours has */

static inline void play_with_slot(struct worker *worker)
{
    struct slot *slot = &model.slots[below(worker, SLOTS)];
    if (atomic_exchange(&slot->busy, 1))
        return;
    if (slot->kind == MAPPING)
        play_with_mapping(worker, slot);
    else if (slot->kind != NOTHING)
        play_with_block(worker, slot);
    else if (one_in(worker, 50))
        make_mapping(worker, slot);
    else if (one_in(worker, 6))
        make_text(worker, slot);
    else
        make(worker, slot);
    atomic_store(&slot->busy, 0);
}

static void play(struct worker *worker, int steps)
{
    for (int i = 0; i < steps; i++) {
        unsigned what = below(worker, 1000);
        if (what < 5)
            bind_one(worker);
        else if (what < 8)
            mg_unbind();
        else if (what < 12)
            open_one(worker);
        else if (what < 14)
            settle_one(worker, 1 + below(worker, ENTRIES - 1));
        else if (what == 14)
            look(worker);
        else if (what == 17)
            divide_one(worker);
        else if (what == 15 && model.alone)
            play_with_break(worker);
        else if (what == 16 && one_in(worker, 20))
            fork_one(worker);
        else
            play_with_slot(worker);
    }
    note_entry(worker);
    MG_ADD(model.operations, steps);
}

/* A thread's last words: what it does in destructors of its own, when it has left the books. */
static void speak_late(void *argument)
{
    play(argument, 12);
}

static void *live(void *argument)
{
    struct worker *worker = argument;
    CHECK(!pthread_setspecific(late_key, worker));
    for (;;) {
        sem_wait(&worker->go);
        if (!worker->steps)
            return NULL; /* model.done is for whoever joins */
        play(worker, worker->steps);
        sem_post(&model.done);
    }
}

/* Somebody's library makes the thread, which then inherits what the maker is bound to. */
static inline void begin_life(struct worker *maker, struct worker *worker)
{
    unsigned library = below(maker, LIBRARIES + 1);
    bind_one(maker);
    worker->entry = maker->entry;
    worker->random = next_random(&maker->random);
    CHECK(!model.calls[library]->thread(&worker->thread, live, worker));
    if (one_in(maker, 2))
        mg_unbind();
}

static inline void end_life(struct worker *worker)
{
    worker->steps = 0;
    sem_post(&worker->go);
    CHECK(!pthread_join(worker->thread, NULL));
}

static inline void send(struct worker *worker, int steps)
{
    worker->steps = steps;
    sem_post(&worker->go);
}

static inline void rest(void)
{
    while (sem_wait(&model.done))
        ;
}

static inline void play_round(struct worker *main_worker)
{
    model.alone = model.round % 2 == 0;
    for (int i = 0; i < WORKERS; i++)
        if (one_in(main_worker, 4)) {
            end_life(&model.workers[i]);
            begin_life(main_worker, &model.workers[i]);
        }
    for (int turn = 0; model.alone && turn < TURNS; turn++) {
        send(&model.workers[below(main_worker, WORKERS)], TURN);
        rest();
    }
    for (int i = 0; !model.alone && i < WORKERS; i++)
        send(&model.workers[i], STEPS);
    for (int i = 0; !model.alone && i < WORKERS; i++)
        rest();
    note_entry(main_worker);
    check_at_rest();
    model.round++;
}

/* Everything goes, and the books are at zero. */
static inline void end_all(struct worker *main_worker)
{
    model.alone = true;
    for (int i = 0; i < WORKERS; i++)
        end_life(&model.workers[i]);
    mg_unbind();
    for (unsigned i = 1; i < ENTRIES; i++)
        settle_one(main_worker, i);
    for (int i = 0; i < SLOTS; i++) {
        if (model.slots[i].kind == MAPPING)
            unmap_all(main_worker, &model.slots[i]);
        else if (model.slots[i].kind != NOTHING)
            drop(main_worker, &model.slots[i]);
        model.slots[i].kind = NOTHING;
    }
    check_at_rest();
    for (unsigned i = 1; i < ENTRIES; i++)
        CHECK(!is_there(i));
    CHECK_EQ(used_by_all(), 0);
}

static inline void model_begin(uint64_t seed)
{
    model.seed = seed;
    model.entries[0] = (struct entry){ .account = mg_root(), .handle = mg_account_handle(mg_root()) };
    CHECK(!pthread_mutex_init(&model.tree, NULL) && !sem_init(&model.done, 0, 0));
    CHECK(!pthread_key_create(&late_key, speak_late));
}

/* Plays for so long. MODEL_SEED repeats what a run of that seed did, alone to the last step, else as threads permit. */
static inline void model_run(double seconds)
{
    struct worker main_worker = { .random = model.seed };
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double end = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec + seconds;
    for (unsigned i = 0; i < WORKERS; i++) {
        model.workers[i].number = i;
        CHECK(!sem_init(&model.workers[i].go, 0, 0));
        begin_life(&main_worker, &model.workers[i]);
    }
    while ((double)now.tv_sec + 1e-9 * (double)now.tv_nsec < end) {
        play_round(&main_worker);
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    end_all(&main_worker);
    printf("seed %lu: %ld operations in %lu rounds, %ld tasks ended, %ld forks, %ld denials, 0 wrong bytes\n",
           model.seed, MG_LOAD(model.operations), model.round, MG_LOAD(model.settled), MG_LOAD(model.forked),
           MG_LOAD(model.denials));
}

static inline uint64_t model_seed(void)
{
    const char *given = getenv("MODEL_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)now.tv_sec ^ (uint64_t)now.tv_nsec;
    dprintf(2, "MODEL_SEED=%lu\n", seed); /* seen when it fails */
    return seed;
}

#endif
