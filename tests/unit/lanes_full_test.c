/* More threads at once than there are lanes: those without one go on uncounted, and are counted again once others have ended. */
#include "unit.h"

#include "passed.h"

enum { LANES = 16, BEYOND = 5, SIZE = 1000 };

static pthread_barrier_t all_here, over;

static void *live(void *stays)
{
    void *block = NULL;
    bool counted = mg_allocate(UNIT_LIBRARY, SIZE, 0, false, &block);
    pthread_barrier_t *here = stays;
    if (here) {
        pthread_barrier_wait(here);
        pthread_barrier_wait(&over);
    }
    if (counted)
        mg_free(block);
    return (void *)(uintptr_t)counted;
}

int main(void)
{
    enum { CROWD = LANES + BEYOND };
    pthread_t threads[CROWD];
    uintptr_t counted = 0;
    mg_lanes_most = LANES;
    unit_start("observe", NULL);
    unit_listen();
    CHECK(!pthread_barrier_init(&all_here, NULL, CROWD + 1) && !pthread_barrier_init(&over, NULL, CROWD + 1));
    for (int i = 0; i < CROWD; i++)
        CHECK(!pthread_create(&threads[i], NULL, live, &all_here));
    pthread_barrier_wait(&all_here);
    CHECK_EQ(MG_LOAD(mg_passed.requests), BEYOND);
    CHECK_EQ(MG_LOAD(mg_passed.bytes), BEYOND * SIZE);
    CHECK_EQ(unit_read(mg_root(), MG_ALLOCATIONS), LANES);
    pthread_barrier_wait(&over);
    for (int i = 0; i < CROWD; i++) {
        void *was;
        CHECK(!pthread_join(threads[i], &was));
        counted += (uintptr_t)was;
    }
    CHECK_EQ((int64_t)counted, LANES);
    CHECK_EQ(unit_lines_said(), 1);
    for (int i = 0; i < 2 * LANES; i++) {
        CHECK(!pthread_create(&threads[0], NULL, live, NULL));
        CHECK(!pthread_join(threads[0], NULL));
    }
    CHECK_EQ(unit_read(mg_root(), MG_ALLOCATIONS), 3 * LANES);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    return 0;
}
