#include "classes.h"

#include "jemalloc.h"

#include <string.h>

struct mg_classes mg_classes;

static size_t number(const char *name)
{
    unsigned narrow = 0;
    size_t length = sizeof narrow;
    return mgje_mallctl(name, &narrow, &length, NULL, 0) ? 0 : narrow;
}

/* Appends the sizes that "<prefix>.<i>.size" gives for i below count. */
static bool append(const char *sample, size_t count)
{
    size_t mib[4];
    size_t depth = 4;
    if (mgje_mallctlnametomib(sample, mib, &depth))
        return false;
    for (mib[2] = 0; mib[2] < count; mib[2]++) {
        size_t size;
        size_t length = sizeof size;
        if (mg_classes.count + 1 >= MG_CLASSES || mgje_mallctlbymib(mib, depth, &size, &length, NULL, 0))
            return false;
        mg_classes.size[++mg_classes.count] = size;
    }
    return true;
}

/* What mg_class_of_large reckons with. */
static bool large_ones_are_four_a_doubling(void)
{
    for (unsigned class = mg_classes.small[MG_SMALL_LIMIT / 8] + 1; class <= mg_classes.count; class ++)
        if (mg_class_of_large(mg_classes.size[class]) != class ||
            mg_class_of_large(mg_classes.size[class - 1] + 1) != class)
            return false;
    return true;
}

const char *mg_classes_start(void)
{
    static const char *const strange =
        "the jemalloc inside is not the one it was built for; nothing is counted";
    mg_classes.count = 0;
    if (!number("arenas.nbins"))
        return "no memory for the allocator inside; nothing is counted";
    if (!append("arenas.bin.0.size", number("arenas.nbins")) ||
        !append("arenas.lextent.0.size", number("arenas.nlextents")))
        return strange;
    /* Blocks of 8 bytes would lie closer than the 16 bytes that one owner tag covers: they get 16. */
    unsigned smallest = mg_classes.size[1] < 16 ? 2 : 1;
    for (size_t i = 0, c = smallest; i <= MG_SMALL_LIMIT / 8; i++) {
        while (mg_classes.size[c] < i * 8)
            c++;
        mg_classes.small[i] = (uint8_t)c;
    }
    memcpy(mg_classes.size + MG_SAMPLED, mg_classes.size, MG_CLASSES * sizeof *mg_classes.size);
    bool known = mg_classes.size[mg_classes.count] >= (size_t)1 << 60 && mg_classes.size[smallest] == 16 &&
                 large_ones_are_four_a_doubling();
    return known ? NULL : strange;
}
