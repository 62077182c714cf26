/* Denials: what a no becomes for a library, here and now, and the limits that libraries have of their own. Runs inside malloc. */
#ifndef MG_DENIALS_H
#define MG_DENIALS_H

#include "accounts.h"
#include "libraries.h"

/* What a denial of this library in this account does, here and now. */
enum mg_fate mg_denial_fate(const struct mg_account *account, struct mg_library *library);
/* Counts one. Returns 0, which is what was granted. */
int64_t mg_denial_count(struct mg_account *account, struct mg_library *library);
/* Whether a denial would end the process, or may and would save next to nothing: then it is none, and the bytes pass as
 * overdraft. A JVM is never ended. A program without one is its own host, and its limit is to hold: beyond an eighth of
 * it, or the cap, it is told the truth whatever comes of that. */
bool mg_denial_spared(int64_t over, int64_t limit, int64_t bytes);

/* The limit of an account that is nested refuses so many bytes, by which it would be exceeded by `over`: whether that is a denial, here
 * and now. Counts it, of the account that refuses and of the one that holds it; where a task is to be stopped, this is marked. */
bool mg_denial_by_limit(struct mg_account *refuser, unsigned library, int64_t limit, int64_t over,
                        int64_t bytes);

/* A charge against the library's own limit. False is a denial. */
bool mg_grants_within_library(struct mg_account *account, unsigned library, int64_t bytes);
/* Whether so many bytes at once could ever be charged: false is a denial, of more than the account's whole grant or the library's
 * limit, by which nothing was charged. */
bool mg_grants_could_cover(struct mg_account *account, unsigned library, int64_t bytes);
/* Whether this charge fails because it is one that is to be denied (injection.h). In mode stop it does not: the account is marked, as if
 * the accountant had said no. */
bool mg_grants_injected(struct mg_account *account, unsigned library, int64_t bytes);

#endif
