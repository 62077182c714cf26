/* How accounts end: no thread comes any more, the last one leaves, and what survives is the parent's. Runs inside malloc. */
#ifndef MG_CLOSING_H
#define MG_CLOSING_H

#include "accounts.h"

/* Closing begins: no thread is bound to it again. True when nobody is bound to it now: mg_accounts_finish it. */
bool mg_accounts_close(struct mg_account *account);
/* Under the lock, when the last thread has left a closing account: what survives goes to the parent. The heap that is
 * returned is to be closed after the lock was given back. */
struct mg_heap *mg_accounts_finish(struct mg_account *account);

/* What an account uses that is closing, while threads are still bound to it, its parent pays for: nobody grants it anything any
 * more. Under the lock. */
void mg_accounts_pay_for_closing(void);

#endif
