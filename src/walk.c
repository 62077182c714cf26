#include "walk.h"

#include "classes.h"
#include "libraries.h"
#include "self.h"

#include <unwind.h>

/* libstdc++'s own calls nest a few frames deep; the rest is caution. */
#define MAX_FRAMES 40

struct walk {
    unsigned owner;
    bool in_libc;
    int frames;
};

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    uintptr_t code = _Unwind_GetIP(context);
    if (++walk->frames > MAX_FRAMES || !code)
        return _URC_END_OF_STACK;
    /* libc allocates for itself, unless a function of ours called it: then for who called that. */
    if (mg_libraries_is_us((const void *)(code - 1))) {
        walk->in_libc = false;
        walk->owner = MG_LIBRARY_OTHER;
        return _URC_NO_REASON;
    }
    unsigned slot = mg_libraries_slot((const void *)(code - 1), false);
    if (slot == MG_LIBRARY_LIBC) {
        walk->in_libc = true;
        walk->owner = mg_libraries_libc();
        return _URC_NO_REASON;
    }
    if (walk->in_libc)
        return _URC_END_OF_STACK;
    if (slot == MG_LIBRARY_TRANSPARENT)
        return _URC_NO_REASON;
    walk->owner = slot;
    return _URC_END_OF_STACK;
}

/* libgcc's unwinder, linked in: it allocates nothing, and with glibc 2.35 or later takes no lock. */
unsigned mg_walk_owner(void)
{
    struct walk walk = { MG_LIBRARY_OTHER, false, 0 };
    _Unwind_Backtrace(step, &walk);
    return walk.owner;
}

void mg_walk_referee(size_t size)
{
    unsigned owner = mg_walk_owner();
    unsigned class = mg_class_of(size < 16 ? 16 : size);
    if (owner == MG_LIBRARY_OTHER || !class)
        return;
    MG_ADD(mg_libraries[owner].referee_bytes, (int64_t)mg_classes.size[class]);
    MG_ADD(mg_libraries[owner].referee_allocations, 1);
}
