/* A process that works for an executor's task has what it is granted over a socket, and no more; when that ends it is as before. */
#include "unit.h"

#include "executor.h"

#include <endian.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Answers as an executor does, on a thread of its own. */
static struct {
    int socket; /* the executor's end */
    pthread_t thread;
    _Atomic(int64_t) budget, charged, most, asked;
    _Atomic(int64_t) wrong_answer; /* sent in place of the right one, if not 0 */
} executor;

static bool receive(uint64_t numbers[2])
{
    return recv(executor.socket, numbers, 16, MSG_WAITALL) == 16;
}

static int64_t grant(int64_t need, int64_t want)
{
    int64_t left = executor.budget - executor.charged;
    int64_t granted = left < need ? 0 : left < want ? left : want;
    CHECK(need > 0 && want >= need);
    executor.charged += granted;
    if (executor.charged > executor.most)
        executor.most = (int64_t)executor.charged;
    return executor.wrong_answer ? (int64_t)executor.wrong_answer : granted;
}

static void *answer(void *unused)
{
    uint64_t numbers[2];
    while (receive(numbers)) {
        int64_t need = (int64_t)be64toh(numbers[0]), other = (int64_t)be64toh(numbers[1]);
        if (!need) {
            CHECK(other > 0 && other <= executor.charged);
            executor.charged -= other;
            continue;
        }
        executor.asked++;
        uint64_t granted = htobe64((uint64_t)grant(need, other));
        CHECK(send(executor.socket, &granted, 8, MSG_NOSIGNAL) == 8 || executor.wrong_answer);
    }
    return unused;
}

/* Returns the process's end. */
static int begin(int64_t budget)
{
    int ends[2];
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    executor.socket = ends[1];
    executor.budget = budget;
    executor.charged = executor.most = executor.asked = executor.wrong_answer = 0;
    CHECK(mg_executor_join(ends[0]));
    CHECK(!pthread_create(&executor.thread, NULL, answer, NULL));
    return ends[0];
}

static void end(int socket)
{
    mg_executor_leave();
    close(socket); /* the library had one of its own: now the other end hears of it */
    CHECK(!pthread_join(executor.thread, NULL));
    close(executor.socket);
    CHECK(!MG_LOAD(mg_executor_joined));
    CHECK(!MG_LOAD(mg_grants.enforcing));
}

static void *try_to_allocate(size_t size)
{
    void *block = &block;
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, false, &block));
    return block;
}

static void what_it_had_before_is_its_own(void)
{
    void *own = try_to_allocate(10 << 20);
    int socket = begin(0);
    CHECK_EQ(executor.charged, 0);
    CHECK(!try_to_allocate(1 << 20));
    /* What it gives back of that it may have again, and nobody else gets it. */
    mg_free(own);
    own = try_to_allocate(9 << 20);
    CHECK(own);
    CHECK_EQ(executor.charged, 0);
    end(socket);
    mg_free(own);
}

static void it_has_what_is_granted_and_no_more(void)
{
    static void *blocks[200];
    int count = 0;
    int64_t before = unit_read(mg_root(), MG_USED);
    int socket = begin(20 << 20);
    while (count < 200 && (blocks[count] = try_to_allocate(1 << 20)))
        count++;
    CHECK(count >= 19 && count <= 20);
    CHECK(unit_read(mg_root(), MG_USED) - before <= executor.charged);
    CHECK(unit_read(mg_root(), MG_DENIALS) > 0);
    CHECK(executor.asked < 2 * count);
    mg_free(blocks[--count]);
    CHECK((blocks[count++] = try_to_allocate(1 << 20)));
    while (count)
        mg_free(blocks[--count]);
    end(socket);
}

static void what_it_does_not_use_goes_back(void)
{
    int socket = begin(100 << 20);
    void *block = try_to_allocate(64 << 20);
    CHECK(executor.charged >= 64 << 20);
    mg_free(block);
    block = try_to_allocate(1 << 20);
    mg_free(block);
    end(socket); /* all that was sent has been read */
    CHECK(executor.charged <= 10 << 20);
    CHECK(executor.most >= 64 << 20);
}

static void what_it_unmaps_goes_back(void)
{
    int socket = begin(100 << 20);
    long at =
        mg_map(UNIT_LIBRARY, NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at > 0 && executor.charged >= 64 << 20);
    CHECK(!mg_advise((void *)at, 32 << 20, MADV_DONTNEED));
    CHECK(!mg_unmap((char *)at + (32 << 20), 32 << 20));
    end(socket);
    CHECK(executor.charged <= 10 << 20);
    CHECK(!mg_unmap((void *)at, 32 << 20));
}

/* What blocks leave in heaps is the process's own, and mappings leave nothing. */
static void what_it_freed_is_not_asked_for(void)
{
    enum { ARENAS = 100 };
    static void *arenas[ARENAS];
    for (int i = 0; i < 50; i++)
        mg_free(memset(try_to_allocate(8 << 20), 1, 8 << 20));
    int socket = begin(130 << 20);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < ARENAS; i++) {
            long at = mg_map(UNIT_LIBRARY, NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                             -1, 0);
            CHECK(at > 0);
            arenas[i] = (void *)at;
        }
        for (int i = 0; i < ARENAS; i++)
            CHECK(!mg_unmap(arenas[i], 1 << 20));
    }
    CHECK(executor.most <= 120 << 20);
    end(socket);
}

static void without_an_executor_it_is_free(void)
{
    int socket = begin(1 << 20);
    CHECK(!shutdown(executor.socket, SHUT_RDWR)); /* it was killed */
    void *block = try_to_allocate(50 << 20);
    CHECK(block);
    mg_free(block);
    end(socket);
}

static void an_answer_that_can_not_be_ends_it(void)
{
    static const int64_t answers[] = { INT64_MIN, -1, 1, INT64_MAX };
    for (unsigned i = 0; i < sizeof answers / sizeof *answers; i++) {
        int socket = begin(1 << 20);
        executor.wrong_answer = answers[i];
        void *block = try_to_allocate(50 << 20);
        CHECK(block);
        CHECK(!MG_LOAD(mg_executor_joined));
        mg_free(block);
        end(socket);
    }
}

/* A program that closes whatever is open, and opens something else, has nothing of ours written there. */
static void a_number_that_is_another_files_is_left_alone(void)
{
    int socket = begin(100 << 20);
    int other[2];
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, other));
    for (int file = 3; file < 1024; file++)
        if (file != socket && file != executor.socket && file != other[0] && file != other[1] &&
            fcntl(file, F_GETFD) >= 0)
            CHECK(dup2(other[0], file) == file);
    void *block = try_to_allocate(50 << 20);
    CHECK(block);
    CHECK(!MG_LOAD(mg_executor_joined));
    mg_free(block);
    char byte;
    CHECK(recv(other[1], &byte, 1, 0) == -1 && errno == EAGAIN);
    end(socket);
    close(other[0]);
    close(other[1]);
}

static void *come_and_go(void *seed)
{
    enum { BLOCKS = 64 };
    void *blocks[BLOCKS] = { NULL };
    unsigned state = (unsigned)(uintptr_t)seed;
    for (int i = 0; i < 4000; i++) {
        state = state * 1103515245 + 12345;
        void **block = &blocks[state >> 16 & (BLOCKS - 1)];
        if (*block)
            mg_free(*block);
        *block = NULL;
        CHECK(mg_allocate(UNIT_LIBRARY, (state >> 8) % 300000 + 1, 0, false, block));
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i])
            mg_free(blocks[i]);
    return NULL;
}

/* Four threads hold some 40 MB, and 30 are there. */
static void threads_share_what_is_granted(void)
{
    pthread_t threads[4];
    int socket = begin(30 << 20);
    int64_t before = unit_read(mg_root(), MG_USED);
    for (uintptr_t i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL, come_and_go, (void *)(i + 1)));
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK_EQ(unit_read(mg_root(), MG_USED), before);
    /* The first test, so that the peak is its own; to within the credit of its threads. */
    CHECK(unit_read(mg_root(), MG_PEAK) - before <= (30 << 20) + (4 << 20));
    CHECK(unit_read(mg_root(), MG_PEAK) - before >= 20 << 20);
    CHECK(unit_read(mg_root(), MG_DENIALS) > 0);
    end(socket);
}

__attribute__((unused)) static void a_child_works_for_nobody(void)
{
    int socket = begin(1 << 20);
    CHECK(!try_to_allocate(50 << 20));
    pid_t child = fork();
    if (!child) {
        void *block = NULL;
        bool had =
            mg_allocate(UNIT_LIBRARY, 50 << 20, 0, false, &block) && block && !MG_LOAD(mg_executor_joined);
        _exit(had ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK(MG_LOAD(mg_executor_joined));
    CHECK(!try_to_allocate(50 << 20));
    end(socket);
}

static void what_is_no_socket_is_refused(void)
{
    int pipes[2];
    CHECK(!pipe(pipes));
    CHECK(!mg_executor_join(pipes[0]));
    CHECK(!mg_executor_join(-1));
    CHECK(!mg_executor_join(12345));
    mg_executor_leave();
    close(pipes[0]);
    close(pipes[1]);
}

static void errno_is_the_hosts(void)
{
    int socket = begin(1 << 20);
    errno = 77;
    CHECK(!try_to_allocate(50 << 20));
    mg_free(try_to_allocate(100 << 10));
    CHECK_EQ(errno, 77);
    end(socket);
    errno = 0;
}

int main(void)
{
    unit_start("observe", NULL);
    threads_share_what_is_granted();
    what_it_had_before_is_its_own();
    it_has_what_is_granted_and_no_more();
    what_it_does_not_use_goes_back();
    what_it_unmaps_goes_back();
    what_it_freed_is_not_asked_for();
    without_an_executor_it_is_free();
    an_answer_that_can_not_be_ends_it();
    a_number_that_is_another_files_is_left_alone();
    what_is_no_socket_is_refused();
    errno_is_the_hosts();
#ifdef __SANITIZE_THREAD__
    printf("no child: jemalloc takes more locks around fork than the 64 that ThreadSanitizer can follow\n");
#else
    a_child_works_for_nobody();
#endif
    return 0;
}
