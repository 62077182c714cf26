/* The report's part on processes that work for this one and count for themselves, as Python workers do: what Spark's plugin has read of them,
 * as JSON. Runs on request. */
#ifndef MG_WORKERS_H
#define MG_WORKERS_H

#include "accounts.h"
#include "json.h"

/* The account ends: what it is still charged for of such processes is nobody's from now on. Under the books' lock. */
void mg_workers_settle(struct mg_account *account);
/* Under the books' lock. Nothing, where nobody ever said anything. */
void mg_workers_add(struct mg_text *text);
/* They are the parent's. */
void mg_workers_after_fork_in_child(void);

#endif
