/* Magazines and fork, while another thread puts blocks into them and takes them out. */
#include "unit.h"

#include "window.h"

#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = 50, OF_ONE_SIZE = 200 };
static _Atomic(bool) forked_enough;

static void *either_way(size_t size)
{
    void *block = mg_allocate_at_hand(UNIT_LIBRARY, size);
    return block ? block : unit_allocate(size);
}

/* Whose heap they are all of. */
static void take_many_and_free_them(const struct mg_heap *heap)
{
    size_t *blocks[OF_ONE_SIZE];
    for (size_t i = 0; i < OF_ONE_SIZE; i++) {
        blocks[i] = either_way(128);
        CHECK(mg_heap_at(mg_window_heap(blocks[i])) == heap);
        *blocks[i] = i;
    }
    for (size_t i = 0; i < OF_ONE_SIZE; i++) {
        CHECK_EQ(*blocks[i], i);
        mg_free(blocks[i]);
    }
}

static void *fill_and_drain(void *account)
{
    mg_bind(account);
    while (!MG_LOAD(forked_enough))
        take_many_and_free_them(mg_self.heap);
    mg_unbind();
    return NULL;
}

static void *fill_and_drain_once(void *account)
{
    mg_bind(account);
    take_many_and_free_them(((struct mg_account *)account)->heap);
    mg_unbind();
    return NULL;
}

/* A thread of the child gets the lane of the one that is gone. */
static int in_child(struct mg_account *theirs)
{
    pthread_t thread;
    struct mg_account *account = mg_account_open("child", mg_root(), -1);
    CHECK(account && account->heap != theirs->heap);
    CHECK(!pthread_create(&thread, NULL, fill_and_drain_once, account));
    CHECK(!pthread_join(thread, NULL));
    CHECK_EQ(mg_settle(account), 0);
    fill_and_drain_once(theirs); /* what the parent's thread had at hand is there for others */
    return MG_LOAD(mg_invariants_broken) != 0;
}

static void what_a_thread_has_at_hand_is_its_heaps_again_in_a_child_of_fork(void)
{
    pthread_t thread;
    struct mg_account *account = mg_account_open("forked", mg_root(), -1);
    CHECK(!pthread_create(&thread, NULL, fill_and_drain, account));
    for (int i = 0; i < FORKS; i++) {
        int status = -1;
        pid_t child = fork();
        if (!child)
            _exit(in_child(account));
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
    }
    MG_STORE(forked_enough, true);
    CHECK(!pthread_join(thread, NULL));
    CHECK_EQ(mg_settle(account), 0);
}

int main(void)
{
#ifdef __SANITIZE_THREAD__
    SKIP("ThreadSanitizer holds at most 64 locks, and jemalloc takes more of its own around fork");
#endif
    unit_start("observe", NULL);
    what_a_thread_has_at_hand_is_its_heaps_again_in_a_child_of_fork();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
