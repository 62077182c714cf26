/* The report's stacks: what is in use by those who asked for it, added up over samples. Runs on request. */
#ifndef MG_STACKED_H
#define MG_STACKED_H

#include "json.h"

/* Under no lock. Nothing, where no stacks are taken. */
void mg_stacked_add(struct mg_text *text);

#endif
