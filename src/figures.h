/* Figures of accounts and libraries, summed over books, lanes and strangers' frees: as numbers and as the report's text.
 * Runs on request. */
#ifndef MG_FIGURES_H
#define MG_FIGURES_H

#include "accounts.h"
#include "json.h"
#include "lanes.h"

/* One account's, with its descendants', in the order of memgrant.h; 0 for one that is forgotten. */
void mg_figures_read(int64_t handle, int64_t *figures);
/* ,"libraries":[...] of an account's books. Under the books' lock. */
void mg_figures_add_libraries(struct mg_text *text, const struct mg_book books[MG_LIBRARIES]);
/* The whole report; its memory is the caller's (mg_text_free). NULL when there is no memory, or when it would have to
 * wait for a lock and must not: in a signal handler this very thread may hold it. */
char *mg_figures_text(size_t *length, bool wait);

#endif
