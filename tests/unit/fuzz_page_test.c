/* Live pages that somebody hostile wrote: memgrant-top shows each or refuses it in a sentence, and reads nothing beside it. Under the
 * sanitizers this says the most; FUZZ_ROUNDS=n for n times as many (make fuzz). */
#include "mutations.h"
#include "test.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* The program itself, which ends by a jump. */
static jmp_buf ended;
_Noreturn static void end(int code)
{
    longjmp(ended, code + 1);
}
#define exit(code) end(code)
#define main top_main
int main(int count, char **words);
#include "../../tools/top.c"
#undef main
#undef exit

static struct mg_live_page page;

static void fill(void)
{
    page.magic = MG_LIVE_MAGIC;
    page.version = MG_LIVE_VERSION;
    page.size = sizeof page;
    page.process = inner_process();
    atomic_store(&page.latest, 7);
    for (int i = 0; i < 2; i++) {
        struct mg_live_copy *half = &page.copy[i];
        half->published_ns = 1;
        half->enforcing = i;
        half->accounts = 20;
        half->libraries = 10;
        for (unsigned a = 0; a < 20; a++) {
            half->account[a] = (struct mg_live_account){
                .id = a, .parent = a > 0, .limit = -1, .used = a << 20, .peak = 1 << 30
            };
            snprintf(half->account[a].name, sizeof half->account[a].name, "task %u", a);
        }
        for (unsigned l = 0; l < 10; l++) {
            half->library[l] = (struct mg_live_library){ .used = l << 20, .allocations = 5, .frees = 2 };
            snprintf(half->library[l].name, sizeof half->library[l].name, "lib%u.so", l);
        }
        atomic_store(&half->begun, 6 + (unsigned)i);
        atomic_store(&half->ended, 6 + (unsigned)i);
    }
}

/* Numbers that a sum or a difference can't bear, in the places that are read. */
static void change_numbers(struct mg_live_copy *half)
{
    static const int64_t hard[] = {
        INT64_MIN, INT64_MAX, -1, 0, 1, INT64_MIN / 2, 128, 129, 96, 97, 1ll << 32
    };
    for (uint64_t changes = mutations_next(5); changes; changes--) {
        int64_t number = hard[mutations_next(sizeof hard / sizeof *hard)];
        int64_t *const places[] = { &half->published_ns,
                                    &half->enforcing,
                                    &half->passed_requests,
                                    (int64_t *)&half->accounts,
                                    (int64_t *)&half->accounts_left_out,
                                    (int64_t *)&half->libraries,
                                    &half->account[mutations_next(20)].used,
                                    &half->account[mutations_next(20)].peak,
                                    &half->library[mutations_next(10)].used,
                                    &half->library[mutations_next(10)].allocations,
                                    &half->library[mutations_next(10)].frees };
        *places[mutations_next(sizeof places / sizeof *places)] = number;
    }
}

static void show_page(int file)
{
    CHECK(pwrite(file, &page, sizeof page, 0) == (ssize_t)sizeof page);
    if (setjmp(ended))
        return; /* it said why */
    if (!is_page(file))
        return;
    read_copy(file);
    check_copy();
    fit_terminal(false);
    show();
    before = copy;
}

int main(void)
{
    process = getpid();
    int file = (int)syscall(SYS_memfd_create, "page", 0); /* glibc has it from 2.27 on */
    stdout = stderr = fopen("/dev/null", "w");            /* what goes to the file 2 itself is seen */
    CHECK(file >= 0 && stdout);
    static const char *const words[] = { "\x1b[2J", "\xff\xff\xff\xff\xff\xff\xff\x7f" };
    for (long i = mutations_rounds(1000); i > 0; i--) {
        fill();
        char *bytes = (char *)&page;
        size_t whole = mutations_next(2) ? 200 : sizeof page; /* the head, or all of it */
        if (mutations_next(3))
            mutations_apply(bytes, whole, whole, words, 2);
        change_numbers(&page.copy[1]);
        if (mutations_next(20)) { /* else it is never whole, which takes a thousand looks */
            page.magic = MG_LIVE_MAGIC;
            atomic_store(&page.latest, 7);
            atomic_store(&page.copy[1].begun, 7);
            atomic_store(&page.copy[1].ended, 7);
        }
        if (mutations_next(4)) {
            page.version = MG_LIVE_VERSION;
            page.size = sizeof page;
            page.process = inner_process();
        }
        show_page(file);
    }
    return 0;
}
