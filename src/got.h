/* Redirection of a library's own GOT: its slots for malloc and its family become entries that know the library, so that
 * a tail call, which hides the caller from the return address, is still its own. Runs inside malloc. */
#ifndef MG_GOT_H
#define MG_GOT_H

#include "base.h"

#include <link.h>

/* Runs at startup, before anything is redirected. The table ends with a NULL name and stays the caller's. */
void mg_got_start(const struct mg_redirection *table);

/* Redirects every slot of a loaded object to the entries of a library slot, unless its free is another allocator's than ours
 * or the next one's. The object must be relocated, and can't be unloaded meanwhile: call it under dl_iterate_phdr. */
void mg_got_redirect(const struct dl_phdr_info *object, unsigned library);
/* libjvm's: its slots for malloc and realloc alone, to the entries of `serving`; those of other functions stay, or are its own slot's.
 * True: both were found. */
bool mg_got_redirect_jvm(const struct dl_phdr_info *object, unsigned library, unsigned serving);
/* The same of an object that was bound to the next functions, past ours. */
void mg_got_bind(const struct dl_phdr_info *object, unsigned library);

#endif
