/* Threads that bind, unbind, end, and free each other's blocks while accounts close: no byte of the books goes astray.
 * Each block says in its own words whose it is and how large, and a model adds up what the books should say. */
#include "unit.h"

enum { THREADS = 6, ACCOUNTS = 4, SLOTS = 512, ROUNDS = 40, STEPS = 1500 };

struct label {
    int account;
    int64_t bytes;
};

static struct mg_account *accounts[ACCOUNTS];
static _Atomic(int64_t) model[ACCOUNTS];
static _Atomic(void *) exchange[SLOTS];

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void release(void *block)
{
    struct label label = *(struct label *)block;
    atomic_fetch_sub(&model[label.account], label.bytes);
    mg_free(block);
}

static void *take(int account, unsigned *random)
{
    size_t size = sizeof(struct label) + (next_random(random) % 64 ? next_random(random) % 900 : next_random(random) % 200000);
    void *block = unit_allocate(size);
    *(struct label *)block = (struct label){ account, (int64_t)mg_usable_size(block) };
    atomic_fetch_add(&model[account], (int64_t)mg_usable_size(block));
    return block;
}

static void work(int account, unsigned *random)
{
    for (int i = 0; i < STEPS; i++) {
        unsigned slot = next_random(random) % SLOTS;
        void *mine = next_random(random) % 2 ? take(account, random) : NULL;
        void *other = atomic_exchange(&exchange[slot], mine);
        if (other)
            release(other);
    }
}

static void *one_thread(void *argument)
{
    unsigned random = (unsigned)(uintptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        int account = (int)(next_random(&random) % ACCOUNTS);
        mg_bind(accounts[account]);
        work(account, &random);
        mg_unbind();
        for (int i = 0; i < 50; i++) { /* a stranger frees too */
            void *other = atomic_exchange(&exchange[next_random(&random) % SLOTS], NULL);
            if (other)
                release(other);
        }
    }
    return NULL;
}

static void run_threads(unsigned seed)
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, one_thread, (void *)(uintptr_t)(seed + i)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void books_equal_the_model(void)
{
    for (int i = 0; i < ACCOUNTS; i++)
        CHECK_EQ(unit_read(accounts[i], MG_USED), atomic_load(&model[i]));
}

/* Accounts close while their blocks are in others' hands: the root has them now, and the sum is the model's. */
static void closed_accounts_hand_over(int64_t root_before)
{
    int64_t sum = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        mg_stop_requests(accounts[i]);
        mg_settle(accounts[i]);
        sum += atomic_load(&model[i]);
    }
    CHECK_EQ(unit_read(mg_root(), MG_USED) - root_before, sum);
    for (int i = 0; i < SLOTS; i++) {
        void *block = atomic_exchange(&exchange[i], NULL);
        if (block)
            release(block);
    }
    CHECK_EQ(unit_read(mg_root(), MG_USED), root_before);
}

int main(void)
{
    unit_start("observe", NULL);
    int64_t root_before = unit_read(mg_root(), MG_USED);
    for (unsigned life = 0; life < 3; life++) {
        for (int i = 0; i < ACCOUNTS; i++) {
            accounts[i] = mg_account_open("shared", mg_root(), -1);
            atomic_store(&model[i], 0);
        }
        run_threads(life * 100 + 1);
        books_equal_the_model();
        closed_accounts_hand_over(root_before);
    }
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
