/* The report's stacks: what is in use by those who asked for it, added up over samples. Runs on request. */
#ifndef MG_STACKED_H
#define MG_STACKED_H

#include "json.h"
#include "mappings.h"

#include <stdint.h>

/* Room for what mg_mappings_read says of mappings; NULL where no stacks are taken, or there is no memory. */
struct mg_mapping_parts *mg_stacked_room(void);
void mg_stacked_forget(struct mg_mapping_parts *parts);
/* Under no lock. Nothing, where no stacks are taken. The mappings' parts may be NULL. */
void mg_stacked_add(struct mg_text *text, const struct mg_mapping_parts *parts);
/* The stacks that asked for the most of what is in use of those accounts, a line each, the largest first: bytes and blocks or mappings, estimated, library,
 * frames, Java's above. Whose a block was when it was asked for counts, wherever it went since. Nothing, where no stacks are taken. Under no
 * lock. */
void mg_stacked_list(struct mg_text *text, const uint64_t *accounts, unsigned count, unsigned most);

#endif
