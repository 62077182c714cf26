/* Recall: what idle threads hold and do not use, their credit and their magazines, is taken from them by those who need it.
 * The calling thread is inside us. Takes the books' lock. Runs inside malloc. */
#ifndef MG_RECALL_H
#define MG_RECALL_H

#include "accounts.h"

/* The credit of the account's idle threads goes back to the account, and that of the calling one unless it `keeps_own`. Does
 * nothing quickly when nobody can have any. */
void mg_recall_credit(struct mg_account *account, bool keeps_own);
/* The magazines of all idle threads are emptied into their heaps. */
void mg_recall_magazines(void);

#endif
