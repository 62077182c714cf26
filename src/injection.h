/* Injection: charges that are denied though there is memory enough, so that each library can be watched while it happens
 * (deny_nth, deny_random; for tests). Runs inside malloc. */
#ifndef MG_INJECTION_H
#define MG_INJECTION_H

#include "accounts.h"
#include "self.h"
#include "settings.h"

/* Cheap: for every slow charge. While it is on no charge is paid for in advance, so all of them are slow. */
static inline bool mg_injection_is_on(void)
{
    return mg_settings.deny_nth || mg_settings.deny_random;
}

/* Whether the calling thread's charge is one that is to be denied: of the threads and by the route that were chosen. */
bool mg_injection_hits(const struct mg_self *self);
/* It really is to be, and is counted; false when as many as deny_most have been. */
bool mg_injection_takes(void);
/* Under stop nothing is denied here and now: the account is marked, as if the accountant had said no. mg_take_injected tells whoever
 * asks at its next boundary. */
void mg_injection_mark(struct mg_account *account, unsigned library);
/* How many were denied until now. */
int64_t mg_injection_denials(void);

#endif
