/* The only file that enters the kernel: it leaves errno alone, its memory is zero, and its lock lets one in at a time. */
#include "os.h"
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static void memory_is_zero_and_comes_back_zero(void)
{
    size_t size = 1 << 20;
    char *memory = mg_os_allocate(size);
    CHECK(memory && !memory[0] && !memory[size - 1]);
    memset(memory, 1, size);
    CHECK(mg_os_discard(memory, size) && !memory[0] && !memory[size - 1]);
    mg_os_release(memory, size);
    errno = EDOM;
    CHECK(!mg_os_allocate((size_t)1 << 60));
    CHECK_EQ(errno, EDOM);
}

static void files_are_written_and_read(void)
{
    char text[16] = "";
    errno = EDOM;
    CHECK(mg_os_open("no-such-file") < 0);
    int file = mg_os_create("written");
    CHECK(file >= 0 && mg_os_write(file, "hello", 5));
    mg_os_close(file);
    CHECK(mg_os_rename("written", "renamed") && mg_os_open("written") < 0);
    file = mg_os_open("renamed");
    CHECK(file >= 0);
    CHECK_EQ(mg_os_read(file, text, sizeof text), 5);
    CHECK_EQ(mg_os_read(file, text + 5, 5), 0);
    mg_os_close(file);
    CHECK(!strcmp(text, "hello"));
    mg_os_unlink("renamed");
    CHECK(mg_os_open("renamed") < 0);
    CHECK_EQ(errno, EDOM);
}

static struct mg_lock lock;
static long guarded; /* plain on purpose: the sanitizer, or a wrong sum, tells when the lock does not hold */

static void *count(void *times)
{
    for (long i = 0; i < (long)(size_t)times; i++) {
        mg_lock(&lock);
        guarded++;
        mg_unlock(&lock);
    }
    return NULL;
}

static void the_lock_lets_one_in(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL, count, (void *)20000));
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK_EQ(guarded, 80000);
    CHECK(mg_try_lock(&lock) && !mg_try_lock(&lock));
    mg_unlock(&lock);
    CHECK(mg_try_lock(&lock));
    mg_unlock(&lock);
}

static _Atomic(uint32_t) word;

static void *answer(void *unused)
{
    atomic_store(&word, 1);
    mg_os_wake(&word, 1);
    return unused;
}

static void a_waiter_is_woken(void)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, answer, NULL));
    while (!atomic_load(&word))
        mg_os_wait(&word, 0);
    CHECK(!pthread_join(thread, NULL));
    mg_os_wait(&word, 0); /* no longer what is expected: returns at once */
}

int main(void)
{
    memory_is_zero_and_comes_back_zero();
    files_are_written_and_read();
    the_lock_lets_one_in();
    a_waiter_is_woken();
    return 0;
}
