/* Which account a thread charges that its library started: its creator's, but where it serves the whole process, which its name
 * tells (`pool-threads`), the root's. Runs inside malloc. */
#ifndef MG_POOL_THREADS_H
#define MG_POOL_THREADS_H

#include "accounts.h"
#include "self.h"

/* For a thread that begins: binds it to its creator's account, or to the root until its name shows that no pool has it. */
void mg_pool_threads_inherit(struct mg_self *self, struct mg_account *account, uint64_t id);
/* For a thread that enters a scope: whose it is, is settled by what is known now, so that nothing moves it out again. */
void mg_pool_threads_decide(struct mg_self *self);
/* Before a slow charge: moves the thread to the account in which it has to be from now on. False: it is without. */
bool mg_pool_threads_move(struct mg_self *self, unsigned library, int64_t bytes);

#endif
