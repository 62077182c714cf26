/* The report: who used what, and what is left over, as JSON. Interface of others: fields are added, none renamed.
 * Runs on request. */
#ifndef MG_REPORT_H
#define MG_REPORT_H

#include <stdbool.h>

/* Takes the owner's word from the settings. Runs at startup. */
void mg_report_start(void);
/* Writes the file, whole or not at all. False: somebody holds the books and `wait` is false, or nothing is asked for. */
bool mg_report_write(bool wait);
void mg_report_after_fork_in_child(void);

#endif
