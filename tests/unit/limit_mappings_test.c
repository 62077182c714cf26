/* A fixed budget for a program that maps and unmaps its memory, as Python's arenas are: what it has unmapped it may have again, all of it, each time. */
#include "unit.h"

#include <sys/mman.h>

#define MB ((size_t)1 << 20)
enum { ARENAS = 100, ROUNDS = 4 };

int main(void)
{
    static void *arenas[ARENAS];
    unit_start("enforce", "130m");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < ARENAS; i++) {
            long at =
                mg_map(UNIT_LIBRARY, NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            CHECK(at > 0);
            arenas[i] = (void *)at;
        }
        CHECK(mg_map(UNIT_LIBRARY, NULL, 31 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                     0) == -12); /* ENOMEM: the limit holds */
        for (int i = 0; i < ARENAS; i++)
            CHECK(!mg_unmap(arenas[i], MB));
    }
    CHECK_EQ(unit_read(mg_root(), MG_DENIALS), ROUNDS);
    return 0;
}
