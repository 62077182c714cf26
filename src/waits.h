/* Waits: who waits for memory, for how much and how long, so that a report can tell; and the wait inside malloc, which is a setting.
 *
 * Of most threads nobody can tell, inside malloc, whether they may wait: a Java thread may hold a monitor that the answer needs, or
 * keep the JVM from collecting garbage (JNI's critical regions), and nothing that could be asked there would say so. So only
 * threads wait that a library made itself and that are not in a call from Java; and never below the dynamic linker, nor for a
 * mapping, whose table is locked. Runs inside malloc. */
#ifndef MG_WAITS_H
#define MG_WAITS_H

#include "accounts.h"
#include "memgrant.h"
#include "self.h"

/* How long somebody waits now, 0 when nobody does. */
int64_t mg_waiting_ns(const struct mg_account *account);

/* There may be memory, or no sense in waiting any more: those inside malloc look. */
void mg_wait_news(struct mg_account *account);

/* Whether the calling thread may wait inside malloc for so much that was refused. */
bool mg_wait_may(const struct mg_self *self, int64_t bytes);
/* Waits for news, for a moment. False when the time is over that began then. */
bool mg_wait_turn(struct mg_account *account, uint32_t *news, int64_t begun_ns);

#endif
