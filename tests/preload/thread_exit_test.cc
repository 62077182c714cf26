// Threads end with blocks still to free: by thread_local destructors, by pthread keys, by other threads, by exit.
#include "test.h"

#include <pthread.h>
#include <string>
#include <vector>

static pthread_key_t key;
static void *left_behind[200];

static void free_late(void *block)
{
    free(block);
    void *last = malloc(123); // a destructor may allocate, too
    KEEP(last);
    free(last);
}

struct holder {
    std::vector<std::string> lines;
    ~holder()
    {
        lines.emplace_back(5000, 'z');
    }
};
static thread_local holder held;

static void *thread(void *number)
{
    held.lines.assign(20, std::string(300, 'x'));
    pthread_setspecific(key, malloc(1000));
    left_behind[size_t(number)] = malloc(size_t(number) * 50 + 1);
    return nullptr;
}

static void *at_exit_block;
static void free_at_exit()
{
    free(at_exit_block);
}

int main()
{
    CHECK(!pthread_key_create(&key, free_late));
    for (size_t round = 0; round < 20; round++) {
        pthread_t threads[10];
        for (size_t i = 0; i < 10; i++)
            CHECK(!pthread_create(&threads[i], nullptr, thread, reinterpret_cast<void *>(round * 10 + i)));
        for (auto one : threads)
            CHECK(!pthread_join(one, nullptr));
    }
    for (void *block : left_behind)
        free(block);
    at_exit_block = malloc(1000000);
    CHECK(!atexit(free_at_exit));
    return 0;
}
