/* The kernel refuses membarrier, as a sandbox may: idle threads keep what they hold prepaid, which is said once, and nothing else is lost. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { IDLE = 5, LIMIT = 16 << 20 };

static pthread_barrier_t all_have, all_go;

static void refuse_membarrier(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof rules / sizeof *rules, rules };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        SKIP("the kernel has no filters");
}

static void *have_one_block(void *unused)
{
    void *block = unit_allocate(1000);
    pthread_barrier_wait(&all_have);
    pthread_barrier_wait(&all_go);
    mg_free(block);
    return unused;
}

/* In blocks of 64 KB; returns how many bytes. */
static int64_t take_and_give_back_everything(void)
{
    static void *blocks[(LIMIT >> 16) + 1]; /* and the one that is denied */
    int count = 0;
    while ((blocks[count] = unit_allocate(1 << 16)))
        count++;
    for (int i = 0; i < count; i++)
        mg_free(blocks[i]);
    return (int64_t)count << 16;
}

int main(void)
{
    pthread_t threads[IDLE];
    refuse_membarrier();
    unit_start("enforce", "16m");
    CHECK(!pthread_barrier_init(&all_have, NULL, IDLE + 1) && !pthread_barrier_init(&all_go, NULL, IDLE + 1));
    for (int i = 0; i < IDLE; i++)
        CHECK(!pthread_create(&threads[i], NULL, have_one_block, NULL));
    pthread_barrier_wait(&all_have);
    unit_listen();
    int64_t taken = take_and_give_back_everything();
    CHECK_EQ(take_and_give_back_everything(), taken);
    CHECK_EQ(unit_lines_said(), 1);
    CHECK(taken < LIMIT && taken >= LIMIT - (IDLE + 2) * 2 * mg_settings.lane_batch);
    pthread_barrier_wait(&all_go);
    for (int i = 0; i < IDLE; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK(take_and_give_back_everything() > taken);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
