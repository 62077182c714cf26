/* Closed accounts: what the report still has to say of them. The last ones are kept, older ones summed. Under the books' lock.
 * Runs inside malloc. */
#ifndef MG_CLOSED_H
#define MG_CLOSED_H

#include "book.h"

/* What is kept of a closed account. */
struct mg_closed {
    uint64_t id, parent;
    bool nested; /* in a task, or in one that is nested there */
    char name[96];
    int64_t limit, granted, peak, denials, overdraft_peak, lent_peak, declared_peak, waited_ns;
    struct mg_book sum;
    struct mg_book books[MG_LIBRARIES];
};
#define MG_CLOSED_KEPT 1000

/* False when there is no memory. Runs at startup. */
bool mg_closed_start(void);
/* Room for one that closes, zeroed; the oldest one may have to go for it. */
struct mg_closed *mg_closed_new(void);
/* Newest last. */
unsigned mg_closed_count(void);
const struct mg_closed *mg_closed_at(unsigned index);
/* Sum over those that are no longer kept, and how many. */
const struct mg_closed *mg_closed_older(uint64_t *count);

#endif
