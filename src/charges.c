#include "charges.h"

#include "walk.h"

unsigned mg_charges_owner(const struct mg_self *self)
{
    if (self->library)
        return self->library;
    return self->home ? self->home : mg_walk_owner();
}

MG_NOINLINE bool mg_charges_attach(struct mg_self *self)
{
    self->inside++;
    bool attached = mg_lanes_bind(self, mg_accounts_root, 0);
    self->inside--;
    return attached;
}

MG_NOINLINE unsigned mg_charges_new_tag(struct mg_self *self, unsigned library)
{
    mg_lock(&mg_books_lock);
    unsigned tag = MG_LOAD(self->heap->tag_of[library]);
    if (!tag)
        tag = mg_heap_new_tag(self->heap, self->account, library);
    mg_unlock(&mg_books_lock);
    return tag;
}
