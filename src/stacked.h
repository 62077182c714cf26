/* The report's stacks: what is in use by those who asked for it, added up over samples. Runs on request. */
#ifndef MG_STACKED_H
#define MG_STACKED_H

#include "json.h"

#include <stdint.h>

/* Under no lock. Nothing, where no stacks are taken. */
void mg_stacked_add(struct mg_text *text);
/* The stacks that asked for the most of what is in use of those accounts, a line each, the largest first: bytes and blocks, estimated, library,
 * frames, Java's above. Whose a block was when it was asked for counts, wherever it went since. Nothing, where no stacks are taken. Under no
 * lock. */
void mg_stacked_list(struct mg_text *text, const uint64_t *accounts, unsigned count, unsigned most);

#endif
