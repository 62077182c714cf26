/* Keeps the live page (page.h) up, and with it the history (history.h): at the slow charges and refunds of anybody, where enough has changed, and when asked. Nobody waits
 * for that, and it takes a hundredth of the time, in the long run. Runs inside malloc. */
#ifndef MG_LIVE_H
#define MG_LIVE_H

#include <stdbool.h>

/* Makes the page and fills it. Where the kernel gives no memory that others can read it is for the history alone. Runs at startup. */
void mg_live_start(void);
/* Fills it now, unless somebody has the books. */
void mg_live_publish(void);
/* The same under the books' lock. */
void mg_live_publish_locked(void);
/* The same where it is due: where what is taken has moved by a 16th and 4 MB at least, or, now and then, after a quarter of a second. */
void mg_live_publish_in_time(void);
/* The page is the parent's: the child makes one of its own when it has something to say. */
void mg_live_after_fork_in_child(void);

#endif
