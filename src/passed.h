/* What targets asked for and got from the next allocator, or from the kernel, without being counted, because something of
 * ours was used up: said once for each reason, and summed in the report. Runs inside malloc. */
#ifndef MG_PASSED_H
#define MG_PASSED_H

#include "base.h"

enum mg_passed_why {
    MG_PASSED_MEMORY, /* the window is full, or the machine */
    MG_PASSED_LANES,  /* too many threads */
    MG_PASSED_THREAD, /* no memory for the thread's own part of the books */
    MG_PASSED_TAGS,   /* too many libraries in one account's heap */
    MG_PASSED_TABLE,  /* no memory for the table of mappings */
    MG_PASSED_ENDING, /* the thread's end has come: as it has to be, so that nothing is said */
    MG_PASSED_REASONS
};

struct mg_passed {
    _Atomic(int64_t) requests, bytes; /* as they were asked for; whether they were met is not known */
};
extern struct mg_passed mg_passed;

void mg_pass(unsigned library, int64_t bytes, enum mg_passed_why why);

#endif
