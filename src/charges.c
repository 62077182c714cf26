#include "charges.h"

#include "walk.h"

_Atomic(size_t) mg_charges_java_beside;

unsigned mg_charges_owner(const struct mg_self *self, unsigned library)
{
    if (library == MG_LIBRARY_LIBC) {
        if (MG_LIKELY(!self->behalf))
            return mg_libraries_libc();
        if (self->behalf != MG_LIBRARY_TRANSPARENT)
            return self->behalf;
    }
    if (self->library)
        return self->library;
    return self->home ? self->home : mg_walk_owner();
}

MG_NOINLINE bool mg_charges_attach(struct mg_self *self, unsigned library, size_t bytes)
{
    mg_enter(self);
    bool attached = mg_lanes_bind(self, mg_accounts_root, 0);
    if (!attached)
        mg_pass(library, (int64_t)bytes,
                self->state == MG_THREAD_LEFT ? MG_PASSED_ENDING
                : mg_lanes_full()             ? MG_PASSED_LANES
                                              : MG_PASSED_THREAD);
    mg_leave(self);
    return attached;
}

MG_NOINLINE unsigned mg_charges_new_tag(struct mg_self *self, unsigned library)
{
    mg_lock(&mg_books_lock);
    unsigned tag = MG_LOAD(self->heap->tag_of[library]);
    if (!tag)
        tag = mg_heap_new_tag(self->heap, self->account, library, false);
    mg_unlock(&mg_books_lock);
    return tag;
}
