/* Swim lanes: what four threads that come one after the other take for an account in small blocks lies together, in pages of each thread's own, so
 * that they share no line of the cache; what another account has lies elsewhere, whoever takes it. */
#include "unit.h"

#include "window.h"

enum { THREADS = 4, BLOCKS = 4000, LINE = 64 };

struct block {
    char *at;
    int owner; /* which account's, which thread's */
};
static struct block blocks[THREADS * BLOCKS];
static struct mg_account *account;
static size_t size;
static pthread_barrier_t step;

/* All threads at once, each some hundred blocks before it lets the others go on. */
static void *take(void *number)
{
    uintptr_t thread = (uintptr_t)number;
    struct block *mine = blocks + thread * BLOCKS;
    mg_bind(account);
    for (int i = 0; i < BLOCKS; i++) {
        if (i % 200 == 0)
            pthread_barrier_wait(&step);
        mine[i] = (struct block){ unit_allocate(size), (int)thread };
    }
    mg_unbind();
    return NULL;
}

static void all_take(void)
{
    pthread_t threads[THREADS];
    CHECK(!pthread_barrier_init(&step, NULL, THREADS));
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, take, (void *)i));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK(!pthread_barrier_destroy(&step));
}

static int by_address(const void *a, const void *b)
{
    const struct block *one = a, *other = b;
    return one->at < other->at ? -1 : one->at > other->at;
}

/* How many pieces of so many bytes have blocks of two owners; and of how many bytes all pieces with blocks are. Blocks in the order of addresses. */
static int shared(size_t piece, size_t *bytes)
{
    int found = 0;
    uintptr_t last = 0;
    for (int i = 0; i < THREADS * BLOCKS; i++) {
        uintptr_t from = (uintptr_t)blocks[i].at / piece;
        uintptr_t to = ((uintptr_t)blocks[i].at + size - 1) / piece;
        if (i > 0 && from == last && blocks[i].owner != blocks[i - 1].owner)
            found++;
        *bytes += (to - (from == last && i > 0 ? last + 1 : from) + 1) * piece;
        last = to;
    }
    return found;
}

static void free_all(void)
{
    for (int i = 0; i < THREADS * BLOCKS; i++)
        mg_free(blocks[i].at);
}

static void threads_of_an_account_share_no_page(size_t of)
{
    size = of;
    account = mg_account_open("task", mg_root(), -1);
    all_take();
    qsort(blocks, THREADS * BLOCKS, sizeof *blocks, by_address);
    size_t lines = 0, pages = 0;
    CHECK_EQ(shared(LINE, &lines), 0);
    CHECK_EQ(shared(MG_PAGE, &pages), 0);
    /* Together: beside the blocks lies not more than a slab for each thread. */
    size_t taken = THREADS * BLOCKS * (mg_usable_size(blocks[0].at));
    CHECK(pages <= taken + taken / 16 + THREADS * (64 << 10));
    free_all();
    mg_settle(account);
}

/* One thread that goes to and fro, block by block, as a program does that has a scope around each call. */
static void accounts_share_no_granule(void)
{
    struct mg_account *both[2];
    size = 64;
    for (int i = 0; i < 2; i++)
        both[i] = mg_account_open("task", mg_root(), -1);
    for (int i = 0; i < THREADS * BLOCKS; i++) {
        if (i % 8 == 0)
            mg_bind(both[i / 8 % 2]);
        blocks[i] = (struct block){ unit_allocate(size), i / 8 % 2 };
    }
    mg_unbind();
    qsort(blocks, THREADS * BLOCKS, sizeof *blocks, by_address);
    size_t bytes = 0;
    CHECK_EQ(shared(MG_GRANULE, &bytes), 0);
    free_all();
    for (int i = 0; i < 2; i++)
        mg_settle(both[i]);
}

int main(void)
{
    unit_start("observe", NULL);
    static const size_t sizes[] = { 16, 24, 48, 100, 128 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        threads_of_an_account_share_no_page(sizes[i]);
    accounts_share_no_granule();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
