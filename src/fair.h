/* Fair accounts: each of the n accounts nested in one that are active is sure of an n-th of its limit. What of that nobody uses is lent
 * to whoever asks, and called back: what one was refused within its share is kept for it, so that who has more than its own
 * gets no more of what is given back until that one has had it. Blocks in use are not taken from anybody: the limit holds, and who is refused within
 * its share gets it when others free.
 *
 * Active is who holds something of it, or has a claim. Claims and who is active change under the books' lock, which all of this takes but what reads
 * a word; the limit itself is kept without it (path.h). Runs inside malloc. */
#ifndef MG_FAIR_H
#define MG_FAIR_H

#include "accounts.h"

/* What those nested in it divide: its limit, of the process under a fixed limit that; -1: nothing that is known. */
int64_t mg_fair_capacity(const struct mg_account *account);
/* From now on, or no longer. Under the lock. */
void mg_fair_set(struct mg_account *account, bool fair);
/* Who holds nothing any more does not count. Under the lock. */
void mg_fair_count(struct mg_account *account);
/* What the account is sure of, of the one above it; -1: that is not fair. */
int64_t mg_fair_share(const struct mg_account *account);
/* From need to want bytes: where others have claims no more than that share, or need. */
int64_t mg_fair_part(const struct mg_account *account, int64_t need, int64_t want);

bool mg_fair_is_on_path(const struct mg_account *account);
/* Whether the account may take so much more: not, where others have a claim to it and it has its own share; *refuser is who keeps it for
 * them then. */
bool mg_fair_allows(struct mg_account *account, int64_t bytes, struct mg_account **refuser);
/* Whether the refuser, above the account, owes it so much: it is within its share. */
bool mg_fair_is_owed(struct mg_account *account, const struct mg_account *refuser, int64_t bytes);
/* It was refused so much: where that is within its share it is kept for it. And it has got so much: a claim to it has been met. */
void mg_fair_refused(struct mg_account *account, int64_t bytes);
void mg_fair_got(struct mg_account *account, int64_t bytes);
/* Is active, and who else is is found out. */
void mg_fair_comes(struct mg_account *account);
/* It closes, and ends. Under the lock. */
void mg_fair_closes(struct mg_account *account);
void mg_fair_ends(struct mg_account *account);

#endif
