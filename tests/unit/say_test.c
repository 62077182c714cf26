/* Text without stdio: each conversion as printf has it, cut where the room ends, and always terminated. */
#include "say.h"
#include "test.h"

#include <limits.h>
#include <string.h>

static char buffer[64];

#define PRINTS(text, ...) \
    do { \
        CHECK_EQ(mg_print(buffer, sizeof buffer, __VA_ARGS__), strlen(text)); \
        CHECK(!strcmp(buffer, text)); \
    } while (0)

static void converts_like_printf(void)
{
    PRINTS("plain", "plain");
    PRINTS("a b %", "a %s %%", "b");
    PRINTS("-2147483648 4294967295 ff", "%d %u %x", INT_MIN, UINT_MAX, 255u);
    PRINTS("-9223372036854775808", "%ld", LONG_MIN);
    PRINTS("18446744073709551615 0", "%lu %zu", ULONG_MAX, (size_t)0);
    PRINTS("0x1000", "%p", (void *)4096);
}

static void is_cut_where_the_room_ends(void)
{
    for (size_t room = 1; room < 12; room++) {
        memset(buffer, 'x', sizeof buffer);
        CHECK_EQ(mg_print(buffer, room, "%s%d", "12345", 67890), room <= 10 ? room - 1 : 10);
        CHECK(!strncmp(buffer, "1234567890", room - 1));
        CHECK_EQ(buffer[room <= 10 ? room - 1 : 10], '\0');
        CHECK_EQ(buffer[room], room == 11 ? 'x' : buffer[room]);
        CHECK_EQ(buffer[room + 1], 'x');
    }
}

int main(void)
{
    converts_like_printf();
    is_cut_where_the_room_ends();
    return 0;
}
