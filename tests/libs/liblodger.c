/* As like libtarget as a library can be but for its name: loaded after that went, it lies where that lay. Nobody asked to
 * charge it. */
#define target_tail_malloc lodger_tail_malloc
#define target_malloc lodger_malloc
#define target_calloc lodger_calloc
#define target_realloc lodger_realloc
#define target_aligned lodger_aligned
#define target_free lodger_free
#define target_map lodger_map
#define target_map_at lodger_map_at
#define target_remap lodger_remap
#include "libtarget.c"
