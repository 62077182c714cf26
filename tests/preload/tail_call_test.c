/* A library is charged for what it allocates even where the call is a jump, and for nothing else. */
#include "libs/libs.h"
#include "test.h"

int main(void)
{
    void *blocks[300];
    for (int i = 0; i < 300; i += 3) {
        blocks[i] = target_tail_malloc(1000);
        blocks[i + 1] = target_malloc(1000);
        blocks[i + 2] = bystander_malloc(1000);
        KEEP(blocks[i]);
    }
    void *own = malloc(5000);
    KEEP(own);
    free(own);
    for (int i = 0; i < 200; i++)
        free(blocks[i]);
    return 0;
}
