/* Libraries that charge Spark themselves (profile: charges-itself=yes), as Comet does: what they have declared to Spark is paid
 * for, and only what they took beyond it is asked for by us. So a part of an account's grant is theirs: `covered`, the
 * smaller one of what they declared there and what they were measured to use. Runs on request, never inside malloc. */
#ifndef MG_DECLARED_H
#define MG_DECLARED_H

#include "accounts.h"

/* What such libraries use of these books. */
int64_t mg_declared_measured(const struct mg_book books[MG_LIBRARIES]);

#endif
