/* Libraries: which code belongs to which library.
 *
 * The ranges of code are a snapshot taken from the dynamic linker whenever an address is unknown or dlclose returned.
 * Readers take no lock. Runs inside malloc. */
#ifndef MG_LIBRARIES_H
#define MG_LIBRARIES_H

#include "base.h"
#include "rows.h"

/* False before the first snapshot. Runs at startup. */
void mg_libraries_start(void);
/* Slot of the code at an address. `redirect`: the calling code was called by its library, or a native method of it is
 * being bound, so the library is relocated and its slots may be redirected. */
unsigned mg_libraries_slot(const void *code, bool redirect);
/* Whether the code is our own. */
bool mg_libraries_is_us(const void *code);
/* How many objects are loaded. */
unsigned mg_libraries_loaded(void);
/* Those from that one on are bound to the functions behind ours: they get ours. */
void mg_libraries_bind(unsigned from);
/* Around dlclose: what is known of any address is looked at anew, until what is known of those that went has gone. The
 * caller of mg_libraries_closing calls the other one too. */
void mg_libraries_closing(void);
void mg_libraries_closed(void);
/* From now on nothing new is looked up. In a child of fork, before mg_libraries_after_fork. */
void mg_libraries_freeze(void);
void mg_libraries_before_fork(void);
void mg_libraries_after_fork(void);

#endif
