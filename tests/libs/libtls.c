/* A library with thread-local storage that ld.so makes when a thread first touches it, with malloc, and frees when the
 * thread is dead. */
#include <string.h>

char *tls_touch(void);

static _Thread_local char room[5000];

char *tls_touch(void)
{
    memset(room, 1, sizeof room);
    return room;
}
