/* How accounts end: no thread comes any more, the last one leaves, and what survives is the parent's. Runs inside malloc. */
#ifndef MG_CLOSING_H
#define MG_CLOSING_H

#include "accounts.h"

/* Closing begins, of the account and all below it: no thread is bound to one again. Those that nobody is bound to end. The heaps that
 * both return, in a list, are to be closed after the lock was given back (mg_heap_close_all). */
struct mg_heap *mg_accounts_close(struct mg_account *account);
/* Whether what an account leaves may go to that one: it is open, and not in it. Under the lock. */
bool mg_accounts_may_inherit(const struct mg_account *heir, const struct mg_account *account);
/* Before it closes: it does, and what those nested in it leave too, whatever the heir's limit. Under the lock. */
void mg_accounts_bequeath(struct mg_account *account, struct mg_account *heir);
/* What the account uses goes to the heir: a refund in the one's books, a charge in the other's. Whatever the heir's limit: that it is beyond it
 * shows then, and it gets no more. Both under the lock. */
void mg_accounts_hand_over(struct mg_account *account, struct mg_account *heir, unsigned library,
                           int64_t bytes, int64_t blocks);
void mg_accounts_note_inheritance(struct mg_account *heir);
/* Under the lock, when the last thread has left a closing account, or the last one below it has ended: what survives goes to its
 * heir. Others' end that may be too. */
struct mg_heap *mg_accounts_end(struct mg_account *account);

/* In a fork child whoever else was in a closing account is gone: it ends. `was_alone`: the process had one thread. Under the lock; returns heaps in the same way. */
struct mg_heap *mg_accounts_after_fork_in_child(bool was_alone);

/* What an account uses that is closing, while threads are still bound to it, its parent pays for: nobody grants it anything any
 * more. Under the lock. */
void mg_accounts_pay_for_closing(void);

#endif
