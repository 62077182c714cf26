/* Headroom: room in the executor's container that nobody was promised. Where Spark refuses an account memory, so much of it is
 * lent to the account: it is part of its grant, but not of what Spark granted, and so counted as overdraft. How much room there is,
 * the executor looks up (memgrant.h; files can't be read inside malloc): it serves for a second; what is lent meanwhile is set against it, so that many who
 * read the same figure never use it twice. Runs inside malloc. */
#ifndef MG_HEADROOM_H
#define MG_HEADROOM_H

#include "accounts.h"
#include "memgrant.h"

/* How long it serves, in nanoseconds. For tests. */
extern int64_t mg_headroom_serves_ns;
/* What was seen last of other processes' memory that accounts here are charged for (mg_workers_seen). */
extern _Atomic(int64_t) mg_headroom_elsewhere;
/* Lends an account `need` bytes at least, `more` on top if there is room. False: there is none, or nobody has looked of late. */
bool mg_headroom_lend(struct mg_account *account, unsigned culprit, int64_t need, int64_t more);
/* Takes back what of it the account does not use. */
void mg_headroom_repay(struct mg_account *account);
/* After a charge: what is used beyond what Spark granted is overdraft. Its peak is an upper bound then: a loan that another thread
 * takes or pays back just now may count twice. */
void mg_headroom_note(struct mg_account *account);

#endif
